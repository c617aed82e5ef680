#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "journal/journal.h"
#include "model/keys.h"
#include "ops/commit.h"
#include "ops/empty_trash.h"
#include "ops/ops.h"

namespace spind::ops {
namespace {

struct Item {
  model::AttachmentId at;
  NodeId node = 0;
};

// When it was removed; an item of which nobody knows any more is old.
Result<std::int64_t> removed_ns(const space::Reading& reading, const model::AttachmentId& at,
                                const model::TrashRecord& record) {
  if (!record.removed_by.empty()) return record.removed_ns;
  const auto entry = journal::read(reading.snapshot(), reading.space(), at.entry);
  if (entry.ok()) return entry->time_ns;
  if (entry.code() == Code::not_found) return INT64_MIN;
  return entry.error();
}

// Purges a few items, those of them that are still in the trash, by one entry.
class Batch {
 public:
  Batch(const Context& context, const Call& call, const SpaceId& space, const TrashWish& wish,
        TrashEmptied& emptied)
      : context_(context), call_(call), space_(space), wish_(wish), emptied_(emptied) {}

  bool full() const { return items_.size() == kPurgeBatch; }
  void add(const Item& item) { items_.push_back(item); }

  Status purge() {
    if (items_.empty()) return {};
    const Request request{.space = space_, .type = model::EntryType::purged, .uses_reserve = true};
    TrashEmptied purged;
    SPIND_TRY_ASSIGN(const Written written,
                     commit(context_, call_, request, [&](space::State& state, const Moment&) {
                       purged = {};
                       return decide(state, purged);
                     }));
    emptied_.items += purged.items;
    emptied_.bytes += purged.bytes;
    emptied_.ticket = std::max(emptied_.ticket, written.ticket);
    items_.clear();
    return {};
  }

 private:
  Result<Decision> decide(space::State& state, TrashEmptied& purged) {
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    SPIND_TRY(permit(call_, *info, {kRootNode}, 0, access::kPurgeRecycle, Ref("/")));
    Decision decision;
    if (wish_.policy && (info->trash != *wish_.policy || info->state != SpaceStatus::active))
      return decision;
    for (const Item& item : items_) {
      SPIND_TRY_ASSIGN(const auto record, state.trashed(item.at));
      if (!record) continue;
      const FolderTotals weight = record->node.weight();
      decision.changes.push_back(model::NodePurged{item.node, item.at});
      ++purged.items;
      purged.bytes += weight.live_bytes + weight.version_bytes;
    }
    return decision;
  }

  const Context& context_;
  const Call& call_;
  const SpaceId space_;
  const TrashWish& wish_;
  TrashEmptied& emptied_;
  std::vector<Item> items_;
};

Status go_on(const Context& context, const Call& call, const EmptyTrashOptions& options,
             const TrashEmptied& emptied) {
  SPIND_TRY(call.interrupted(context.clock));
  if ((options.cancel && options.cancel->cancelled()) ||
      (options.progress && !options.progress({emptied.items, 0})))
    return Error{.code = Code::cancelled, .text = "emptying the trash was cancelled"};
  return {};
}

}  // namespace

Result<TrashEmptied> purge_removed(const Context& context, const Call& call, Entered& entered,
                                   const TrashWish& wish, const EmptyTrashOptions& options) {
  const SpaceId space = entered.reading.space();
  TrashEmptied emptied;
  Batch batch(context, call, space, wish, emptied);
  const std::string prefix = model::row_prefix(space, model::SpaceRow::trash);
  const auto cursor =
      entered.reading.snapshot().scan(kv::Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) {
    const model::AttachmentId at = model::attachment_in_key(cursor->key());
    SPIND_TRY_ASSIGN(const model::TrashRecord record, model::decode_trash(cursor->value()));
    if (wish.newest_ns) {
      SPIND_TRY_ASSIGN(const std::int64_t removed, removed_ns(entered.reading, at, record));
      if (removed > *wish.newest_ns)
        break;  // they lie in the order of entries, whose time never goes back
    }
    batch.add({at, record.node.id});
    if (!batch.full()) continue;
    SPIND_TRY(batch.purge());
    SPIND_TRY(go_on(context, call, options, emptied));
  }
  SPIND_TRY(cursor->status());
  SPIND_TRY(batch.purge());
  if (options.progress) options.progress({emptied.items, 0});
  return emptied;
}

Result<TrashEmptied> empty_trash(const Context& context, const Call& call, const SpaceId& space,
                                 const EmptyTrashOptions& options) {
  SPIND_TRY(may_change(call));
  // What a deferred session removed just now belongs to it.
  SPIND_TRY(context.kv.catch_up(call.deadline_monotonic_ns));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY(permit(call, *entered.info, {kRootNode}, 0, access::kPurgeRecycle, Ref("/")));
  const std::int64_t age_s =
      std::clamp<std::int64_t>(options.older_than.count(), 0, INT64_MAX / 4'000'000'000);
  TrashWish wish;
  if (age_s > 0) {
    // A clock that jumped would call all of it old, and what is purged is gone for good.
    const auto now_ns = context.clocks.believed_now();
    if (!now_ns) return TrashEmptied{};
    wish.newest_ns = *now_ns - age_s * 1'000'000'000;
  }
  return purge_removed(context, call, entered, wish, options);
}

}  // namespace spind::ops
