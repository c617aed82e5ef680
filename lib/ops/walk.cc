#include "ops/walk.h"

#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "space/resolve.h"

namespace spind::ops {

Result<Walker> Walker::start(const Context& context, const Call& call, const SpaceId& space,
                             const Ref& node) {
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(space::Resolved at, find(entered.reading, *entered.info, call, node,
                                            access::kStat | access::kListContainer));
  return Walker(context, call, std::move(entered), std::move(at.place));
}

Walker::Walker(const Context& context, const Call& call, Entered entered, space::Place start)
    : context_(&context), call_(call), entered_(std::move(entered)), start_(std::move(start)) {}

Result<std::optional<Walker::Item>> Walker::next() {
  SPIND_TRY(call_.interrupted(context_->clock));
  if (start_) {
    Item item{to_info(*start_, entered_.info->history), {}, 0};
    if (start_->node->kind == NodeKind::folder) enter_folder(start_->node->id);
    start_.reset();
    return std::optional(std::move(item));
  }
  while (!folders_.empty()) {
    if (cursor_ == nullptr) open_cursor();
    if (!cursor_->valid()) {
      SPIND_TRY(cursor_->status());
      leave_folder();
      continue;
    }
    SPIND_TRY_ASSIGN(auto record, model::decode_node(cursor_->value()));
    const space::Place place{folders_.back().id,
                             std::string(model::name_in_node_key(cursor_->key())),
                             std::make_shared<const model::NodeRecord>(std::move(record))};
    folders_.back().last_name = place.name;
    cursor_->next();
    return std::optional(make_item(place));
  }
  return std::optional<Item>{};
}

Walker::Item Walker::make_item(const space::Place& place) {
  Item item{
      to_info(place, entered_.info->history), {}, static_cast<std::uint32_t>(folders_.size())};
  path_.resize(folders_.back().path_bytes);
  const bool fits = path_.size() + 1 + place.name.size() <= kPathBytesMax;
  if (fits) {
    if (!path_.empty()) path_.push_back('/');
    path_.append(place.name);
  }
  item.path = fits ? path_ : place.name;
  if (place.node->kind == NodeKind::folder) {
    // Past the limit nothing fits any more, so that no path is given with a part left out.
    if (!fits) path_.resize(kPathBytesMax, '/');
    enter_folder(place.node->id);
  }
  return item;
}

void Walker::enter_folder(NodeId id) {
  folders_.push_back({id, {}, path_.size()});
  cursor_.reset();
}

void Walker::leave_folder() {
  folders_.pop_back();
  cursor_.reset();
}

void Walker::open_cursor() {
  const Folder& folder = folders_.back();
  const std::string prefix = model::children_prefix(entered_.reading.space(), folder.id);
  std::string begin = prefix + folder.last_name;
  if (!folder.last_name.empty()) begin.push_back('\0');
  cursor_ = entered_.reading.snapshot().scan(kv::Family::state, begin, model::end_of(prefix));
}

}  // namespace spind::ops
