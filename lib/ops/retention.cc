#include "ops/retention.h"

#include "base/try.h"
#include "model/keys.h"
#include "ops/empty_trash.h"
#include "ops/thin_versions.h"

namespace spind::ops {
namespace {

using kv::Family;

class Retention {
 public:
  Retention(const Context& context, const RetentionRun& run, Retired& retired)
      : context_(context), run_(run), retired_(retired) {
    call_.upkeep = true;
    call_.cancel = run.cancel;
  }

  Status run() {
    SPIND_TRY(context_.kv.catch_up());  // so that what was removed by now is seen
    const kv::SnapshotRef snapshot = context_.kv.durable();
    const std::string prefix = model::catalogue_spaces_prefix();
    const auto cursor = snapshot->scan(Family::state, prefix, model::end_of(prefix));
    Status first_error;
    for (; cursor->valid(); cursor->next()) {
      Status done = visit(model::space_in_catalogue_key(cursor->key()));
      if (done.code() == Code::not_found) continue;  // it was purged since
      if (!done.ok() && is_locked(done.error())) continue;
      if (!done.ok() && !is_damage(done.error())) return done;
      if (first_error.ok()) first_error = std::move(done);
    }
    SPIND_TRY(cursor->status());
    return first_error;
  }

 private:
  Status visit(const SpaceId& space) {
    SPIND_TRY_ASSIGN(Entered entered, enter(context_, call_, space));
    if (entered.info->state != SpaceStatus::active) return {};
    SPIND_TRY(purge_old(entered));
    if (entered.info->versions.thinning == Thinning::keep_all) return {};
    return run_.versions_max ? thin_some(space) : thin_all(space);
  }

  Status purge_old(Entered& entered) {
    const TrashPolicy policy = entered.info->trash;
    // Longer than the clock can tell is for ever.
    if (!run_.now_ns || policy.keep_ns == INT64_MAX || *run_.now_ns < INT64_MIN + policy.keep_ns)
      return {};
    const TrashWish wish{.newest_ns = *run_.now_ns - policy.keep_ns, .policy = policy};
    EmptyTrashOptions options;
    options.progress = progress();
    SPIND_TRY_ASSIGN(const TrashEmptied emptied,
                     purge_removed(context_, call_, entered, wish, options));
    retired_.trash_items += emptied.items;
    return {};
  }

  Status thin_all(const SpaceId& space) {
    ThinOptions options;
    options.progress = progress();
    SPIND_TRY_ASSIGN(
        const Thinned thinned,
        thin_space(context_, call_, space, {.now_ns = run_.now_ns, .options = options}));
    retired_.versions += thinned.versions.versions;
    return {};
  }

  Status thin_some(const SpaceId& space) {
    ThinOptions options;
    options.progress = progress();
    SPIND_TRY_ASSIGN(const NodeId first, place(space));
    SPIND_TRY_ASSIGN(
        const Thinned thinned,
        thin_space(context_, call_, space, {run_.now_ns, first, *run_.versions_max, options}));
    retired_.versions += thinned.versions.versions;
    return thinned.next == first ? Status() : note_place(space, thinned.next);
  }

  // Where the last bounded run ended in the space; 0 where it came to the end.
  Result<NodeId> place(const SpaceId& space) const {
    SPIND_TRY_ASSIGN(const auto row,
                     context_.kv.durable()->get(Family::state, model::waiting_thinning_key(space)));
    const auto place = row ? model::decode_count(*row) : Result<std::uint64_t>(0);
    return place.ok() ? NodeId{*place} : NodeId{0};  // a broken one is written anew
  }

  Status note_place(const SpaceId& space, NodeId next) {
    const kv::Answer answer = context_.kv.update(
        {model::waiting_thinning_key(space)}, [&](kv::Transaction& rows) -> kv::Outcome {
          rows.use_reserve();
          if (next == 0)
            rows.erase(Family::state, model::waiting_thinning_key(space));
          else
            rows.put(Family::state, model::waiting_thinning_key(space), model::encode_count(next));
          return kv::Commit{};
        });
    if (!answer.status.ok()) return answer.status.error();
    return {};
  }

  ProgressCallback progress() {
    if (!run_.progress) return {};
    return [this](const Progress&) { return run_.progress({++steps_, 0}); };
  }

  const Context& context_;
  const RetentionRun& run_;
  Retired& retired_;
  Call call_;
  std::uint64_t steps_ = 0;
};

}  // namespace

Status keep_to_policies(const Context& context, const RetentionRun& run, Retired& retired) {
  return Retention(context, run, retired).run();
}

}  // namespace spind::ops
