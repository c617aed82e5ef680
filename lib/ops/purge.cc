#include "base/try.h"
#include "ops/commit.h"
#include "ops/ops.h"
#include "space/trashed.h"

namespace spind::ops {
namespace {

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY(permit(call, *info, {kRootNode}, 0, access::kPurgeRecycle, ref));
  SPIND_TRY_ASSIGN(const space::Trashed item, space::find_trashed(state, ref));
  if (item.below)
    return Error{.code = Code::conflict,
                 .text = "it lies in a folder that was removed; only that can be purged",
                 .path = ref.to_string()};
  Decision decision;
  decision.written.node = item.place.node->id;
  decision.changes.push_back(model::NodePurged{item.place.node->id, item.item});
  return decision;
}

}  // namespace

Result<Written> purge(const Context& context, const Call& call, const SpaceId& space,
                      const Ref& item, const PurgeOptions& options) {
  const Request request{.space = space,
                        .type = model::EntryType::purged,
                        .request_id = options.request_id,
                        .uses_reserve = true};
  return commit(context, call, request,
                [&](space::State& state, const Moment&) { return decide(state, call, item); });
}

}  // namespace spind::ops
