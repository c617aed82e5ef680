#include "base/limits.h"
#include "base/try.h"
#include "journal/journal.h"
#include "model/keys.h"
#include "ops/ops.h"
#include "ops/page_token.h"
#include "space/trashed.h"

namespace spind::ops {
namespace {

// Where it would go back to; "" if that is gone for good, or too deep for a path.
Result<std::string> path_of(space::Reading& reading, const model::TrashRecord& record) {
  auto origin = space::origin_of(reading, record.parent);
  if (!origin.ok()) {
    const Code code = origin.code();
    if (code == Code::not_found || code == Code::limit_exceeded) return std::string();
    return std::move(origin).error();
  }
  std::string path = std::move(origin->path) + "/" + record.name;
  return path.size() > kPathBytesMax ? std::string() : path;
}

// An old row does not say who removed it and when; its entry does, while there is one.
Status add_removal(const space::Reading& reading, const model::TrashRecord& record,
                   TrashItem& item) {
  item.removed_by = record.removed_by;
  item.removed_ns = record.removed_ns;
  if (!record.removed_by.empty()) return {};
  const auto entry = journal::read(reading.snapshot(), reading.space(), item.removed);
  if (!entry.ok()) return entry.code() == Code::not_found ? Status() : entry.error();
  item.removed_by = entry->principal;
  item.removed_ns = entry->time_ns;
  return {};
}

Result<TrashItem> to_item(Entered& entered, const model::AttachmentId& at,
                          const model::TrashRecord& record) {
  TrashItem item;
  fill(item.node, record.parent, record.name, record.node, entered.info->history);
  item.removed = at.entry;
  SPIND_TRY(add_removal(entered.reading, record, item));
  SPIND_TRY_ASSIGN(item.path, path_of(entered.reading, record));
  return item;
}

}  // namespace

Result<PageOf<TrashItem>> trash(const Context& context, const Call& call, const SpaceId& space,
                                const TrashOptions& options) {
  SPIND_TRY(check_page_size(options.count_max));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY(permit(call, *entered.info, {kRootNode}, 0, access::kListRecycle, Ref("/")));
  const std::string prefix = model::row_prefix(space, model::SpaceRow::trash);
  std::string end = model::end_of(prefix);
  if (!options.after.empty()) {
    SPIND_TRY_ASSIGN(const std::string last, open_page_token(options.after, prefix));
    end = prefix + last;
  }
  PageOf<TrashItem> page;
  const auto cursor = entered.reading.snapshot().scan_back(kv::Family::state, prefix, end);
  std::string last;
  for (; cursor->valid(); cursor->next()) {
    if (page.items.size() == options.count_max) {
      page.next = make_page_token(last, prefix);
      break;
    }
    SPIND_TRY(call.interrupted(context.clock));
    last = cursor->key().substr(prefix.size());
    SPIND_TRY_ASSIGN(const model::TrashRecord record, model::decode_trash(cursor->value()));
    SPIND_TRY_ASSIGN(TrashItem item,
                     to_item(entered, model::attachment_in_key(cursor->key()), record));
    page.items.push_back(std::move(item));
  }
  SPIND_TRY(cursor->status());
  return page;
}

}  // namespace spind::ops
