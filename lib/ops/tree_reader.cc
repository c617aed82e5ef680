#include "ops/tree_reader.h"

#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"

namespace spind::ops {

Result<std::optional<TreeReader::Item>> TreeReader::next() {
  if (top_) {
    Item item{std::move(top_->name), *top_->node, 0};
    top_.reset();
    if (item.node.kind == NodeKind::folder) SPIND_TRY(enter(item.node.id));
    return std::optional(std::move(item));
  }
  while (!folders_.empty()) {
    if (cursor_ == nullptr) open_cursor();
    if (!cursor_->valid()) {
      SPIND_TRY(cursor_->status());
      folders_.pop_back();
      cursor_.reset();
      continue;
    }
    Item item{std::string(model::name_in_node_key(cursor_->key())), {}, folders_.size()};
    SPIND_TRY(model::decode_node(cursor_->value(), item.node));
    cursor_->next();
    folders_.back().last_name = item.name;
    if (item.node.kind == NodeKind::folder) SPIND_TRY(enter(item.node.id));
    return std::optional(std::move(item));
  }
  return std::optional<Item>{};
}

std::string TreeReader::path() const {
  if (folders_.empty()) return top_path_;
  std::string path = top_path_ == "/" ? "" : top_path_;
  for (const Folder& folder : folders_) path += '/' + folder.last_name;
  return path;
}

Status TreeReader::enter(NodeId folder) {
  if (folders_.size() >= kClimbMax) return space::too_deep();
  folders_.push_back({folder, {}});
  cursor_.reset();
  return {};
}

void TreeReader::open_cursor() {
  const Folder& folder = folders_.back();
  const std::string prefix = model::children_prefix(reading_.space(), folder.id);
  std::string begin = prefix + folder.last_name;
  if (!folder.last_name.empty()) begin.push_back('\0');
  cursor_ = reading_.snapshot().scan(kv::Family::state, begin, model::end_of(prefix));
}

}  // namespace spind::ops
