#include "base/try.h"
#include "ops/commit.h"
#include "ops/ops.h"
#include "space/resolve.h"

namespace spind::ops {
namespace {

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref,
                        std::int64_t mtime_ns, const TouchOptions& options) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find(state, *info, call, ref, access::kInitiateFileUpload));
  const model::NodeRecord& node = *at.place.node;
  SPIND_TRY(check_conditions(&node, info->history, options.conditions, ref));
  Decision decision;
  decision.written.node = node.id;
  if (node.mtime_ns != mtime_ns)
    decision.changes.push_back(model::MtimeSet{node.id, 0, mtime_ns, 0});
  return decision;
}

}  // namespace

Result<Written> set_mtime(const Context& context, const Call& call, const SpaceId& space,
                          const Ref& node, std::int64_t mtime_ns, const TouchOptions& options) {
  const Request request{
      .space = space, .type = model::EntryType::touched, .request_id = options.request_id};
  return commit(context, call, request, [&](space::State& state, const Moment&) {
    return decide(state, call, node, mtime_ns, options);
  });
}

}  // namespace spind::ops
