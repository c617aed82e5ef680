#include "base/try.h"
#include "ops/commit.h"
#include "ops/ops.h"
#include "space/resolve.h"

namespace spind::ops {
namespace {

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref,
                        const RemoveOptions& options) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY_ASSIGN(const space::Resolved at, find(state, *info, call, ref, access::kDelete));
  const model::NodeRecord& node = *at.place.node;
  if (node.id == kRootNode)
    return Error{
        .code = Code::conflict, .text = "the root cannot be removed", .path = ref.to_string()};
  SPIND_TRY(check_conditions(&node, info->history, options.conditions, ref));
  if (options.only_if_empty && node.totals.files + node.totals.folders > 0)
    return Error{
        .code = Code::folder_not_empty, .text = "the folder has children", .path = ref.to_string()};
  Decision decision;
  decision.changes.push_back(model::NodeTrashed{node.id, at.place.parent, at.place.name});
  decision.written.node = node.id;
  return decision;
}

}  // namespace

Result<Written> remove(const Context& context, const Call& call, const SpaceId& space,
                       const Ref& node, const RemoveOptions& options) {
  const Request request{.space = space,
                        .type = model::EntryType::removed,
                        .request_id = options.request_id,
                        .uses_reserve = true};
  return commit(context, call, request, [&](space::State& state, const Moment&) {
    return decide(state, call, node, options);
  });
}

}  // namespace spind::ops
