#include "ops/staging.h"

#include "base/try.h"
#include "model/keys.h"
#include "ops/ops.h"

namespace spind::ops {
namespace {

// Purges what is staged there, if it still is, and unless it is not to be.
Status purge(const Context& context, const Call& call, const SpaceId& space,
             const model::AttachmentId& key, const std::function<bool()>& keep = nullptr) {
  Call as_store = call;
  as_store.upkeep = true;
  const Request request{.space = space, .type = model::EntryType::staged, .uses_reserve = true};
  SPIND_TRY(commit(context, as_store, request,
                   [&](space::State& state, const Moment&) -> Result<Decision> {
                     Decision decision{.visible = false};
                     if (keep && keep()) return decision;
                     SPIND_TRY_ASSIGN(const auto top, state.staged(key));
                     if (top) decision.changes.push_back(model::StagingPurged{top->id, key});
                     return decision;
                   }));
  return {};
}

Status purge_left(const Context& context, const kv::Snapshot& snapshot, const SpaceId& space) {
  const std::string prefix = model::row_prefix(space, model::SpaceRow::staged);
  const auto cursor = snapshot.scan(kv::Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) {
    const model::AttachmentId key = model::attachment_in_key(cursor->key());
    if (context.stagings.runs(space, key.entry)) continue;
    SPIND_TRY_ASSIGN(const model::NodeRecord top, model::decode_node(cursor->value()));
    Call call;
    call.who.user = top.creator;  // who began it
    call.deferred = true;
    Status purged = purge(context, call, space, key);
    if (purged.code() == Code::not_found) return {};  // the space was purged, and takes all with it
    SPIND_TRY(std::move(purged));
  }
  return cursor->status();
}

}  // namespace

void Staging::grew_by(const FolderTotals& weight, kv::Ticket ticket) {
  if (begun_ == 0) begun_ = ticket;
  weight_.live_bytes += weight.live_bytes;
  weight_.files += weight.files;
  weight_.folders += weight.folders;
}

bool Staging::is_lost() const {
  const std::optional<Status> verdict = context_.kv.verdict(begun_);
  return verdict && !verdict->ok();
}

Status Staging::check(space::State& state) const {
  if (is_lost())
    return Error{.code = Code::aborted, .text = "the copy was lost with a full device"};
  SPIND_TRY_ASSIGN(const auto top, state.staged(key()));
  if (top && top->id == top_ && top->weight() == weight_) return {};
  return Error{.code = Code::aborted, .text = "the space was rewound during the copy"};
}

void Staging::give_up() {
  if (begun_ == 0) return;
  Call call = call_;
  call.deadline_monotonic_ns = 0;
  call.cancel.reset();
  call.deferred = true;
  (void)purge(context_, call, space_, key(), [this] { return is_lost(); });
}

Status purge_staging(const Context& context, const std::optional<CancelToken>& cancel) {
  const kv::SnapshotRef snapshot = context.kv.durable();
  const std::string prefix = model::catalogue_spaces_prefix();
  const auto cursor = snapshot->scan(kv::Family::state, prefix, model::end_of(prefix));
  Status first_damage;
  for (; cursor->valid(); cursor->next()) {
    if (cancel && cancel->cancelled())
      return Error{.code = Code::cancelled, .text = "the collection was cancelled"};
    Status done = purge_left(context, *snapshot, model::space_in_catalogue_key(cursor->key()));
    if (!done.ok() && is_locked(done.error())) continue;
    if (!done.ok() && !is_damage(done.error())) return done;
    if (first_damage.ok()) first_damage = std::move(done);
  }
  SPIND_TRY(cursor->status());
  return first_damage;
}

}  // namespace spind::ops
