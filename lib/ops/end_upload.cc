// Uploads that come to nothing: given up, discarded, or expired.
#include "base/try.h"
#include "model/keys.h"
#include "ops/ops.h"
#include "ops/uploads.h"
#include "ops/waiting_uploads.h"

namespace spind::ops {
namespace {

Request ending(const SpaceId& space) {
  return {.space = space, .type = model::EntryType::upload_ended, .uses_reserve = true};
}

Result<Decision> decide_end(space::State& state, UploadId number,
                            const model::UploadRecord& upload) {
  Decision decision{.visible = false};
  SPIND_TRY(add_end(state, number, upload, decision));
  return decision;
}

// Whether it was still there, and over.
Result<bool> expire(const Context& context, const Call& call, const SpaceId& space,
                    UploadId number) {
  bool over = false;
  const auto decide = [&](space::State& state, const Moment&) -> Result<Decision> {
    SPIND_TRY_ASSIGN(const auto upload, state.upload(number));
    over = upload && upload->expired(context.clocks.believed_now());
    return over ? decide_end(state, number, *upload) : Decision{};
  };
  SPIND_TRY(commit(context, call, ending(space), decide));
  return over;
}

// Nobody looks at the space any more, unless an upload began meanwhile.
Status forget(const Context& context, const SpaceId& space) {
  const kv::Answer answer =
      context.kv.update({model::space_partition(space), model::waiting_uploads_key(space)},
                        [&](kv::Transaction& rows) -> kv::Outcome {
                          SPIND_TRY_ASSIGN(const bool some, has_uploads(rows, space));
                          if (!some)
                            rows.erase(kv::Family::state, model::waiting_uploads_key(space));
                          return kv::Commit{};
                        });
  if (!answer.status.ok()) return answer.status.error();
  return {};
}

}  // namespace

Result<Written> abort_upload(const Context& context, const Call& call, const SpaceId& space,
                             UploadId number) {
  return commit(
      context, call, ending(space), [&](space::State& state, const Moment&) -> Result<Decision> {
        SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
        SPIND_TRY_ASSIGN(
            const model::UploadRecord upload,
            find_upload(context, state.rows(), space, *info, call, number, Whose::managed));
        if (upload.progress.stage == model::UploadStage::quarantined)
          SPIND_TRY(permit(call, *info, {kRootNode}, 0, access::kUpdateGrant, Ref("/")));
        return decide_end(state, number, upload);
      });
}

Result<UploadQueue> expire_uploads(const Context& context, const Call& call,
                                   std::uint64_t count_max) {
  const kv::SnapshotRef snapshot = context.kv.durable();
  const auto now_ns = context.clocks.believed_now();
  UploadQueue queue;
  const std::string waiting = model::waiting_uploads_prefix();
  const auto spaces = snapshot->scan(kv::Family::state, waiting, model::end_of(waiting));
  for (; spaces->valid() && queue.expired < count_max; spaces->next()) {
    const SpaceId space = model::space_in_waiting_key(spaces->key());
    const auto some = has_uploads(*snapshot, space);
    if (!some.ok() && is_locked(some.error())) continue;
    if (!some.ok()) return some.error();
    if (!*some) SPIND_TRY(forget(context, space));
    const std::string prefix = model::row_prefix(space, model::SpaceRow::upload);
    const auto uploads = snapshot->scan(kv::Family::state, prefix, model::end_of(prefix));
    for (; uploads->valid() && queue.expired < count_max; uploads->next()) {
      SPIND_TRY(call.interrupted(context.clock));
      const auto upload = model::decode_upload(uploads->value());
      if (!upload.ok()) continue;  // a check tells of it
      if (!upload->expired(now_ns)) {
        ++(upload->progress.stage == model::UploadStage::receiving ? queue.receiving : queue.held);
        queue.oldest_ns = std::min(queue.oldest_ns, upload->started_ns);
        continue;
      }
      auto over = expire(context, call, space, model::last_u64_in(uploads->key()));
      if (over.code() == Code::not_found) break;  // the space was purged, and takes all with it
      if (!over.ok() && is_locked(over.error())) break;
      if (!over.ok()) return std::move(over).error();
      if (*over) ++queue.expired;
    }
    if (Status read = uploads->status(); !read.ok() && !is_locked(read.error()))
      return std::move(read).error();
  }
  SPIND_TRY(spaces->status());
  // One sync for all of them.
  if (queue.expired > 0)
    SPIND_TRY(context.kv.wait(context.kv.latest(), call.deadline_monotonic_ns));
  return queue;
}

}  // namespace spind::ops
