// Taking a space out of use, and back into it.
#include "base/try.h"
#include "ops/commit.h"
#include "ops/ops.h"

namespace spind::ops {
namespace {

Result<Written> set_state(const Context& context, const Call& call, const SpaceId& space,
                          SpaceStatus wanted) {
  const Request request{
      .space = space, .type = model::EntryType::space_updated, .wanted = Wanted::space_itself};
  return commit(context, call, request,
                [&](space::State& state, const Moment&) -> Result<Decision> {
                  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
                  SPIND_TRY(access::may_manage(call.who, *info));
                  Decision decision;
                  decision.written.node = kRootNode;
                  if (info->state == wanted) return decision;
                  model::SpaceRecord after = *info;
                  after.state = wanted;
                  decision.changes.push_back(model::SpaceUpdated{*info, std::move(after)});
                  return decision;
                });
}

}  // namespace

Result<Written> disable(const Context& context, const Call& call, const SpaceId& space) {
  return set_state(context, call, space, SpaceStatus::disabled);
}

Result<Written> enable(const Context& context, const Call& call, const SpaceId& space) {
  return set_state(context, call, space, SpaceStatus::active);
}

}  // namespace spind::ops
