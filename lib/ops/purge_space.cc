// The end of a space. What it held goes later (upkeep/space_erasure.cc).
#include "base/try.h"
#include "model/keys.h"
#include "ops/commit.h"
#include "ops/ops.h"
#include "ops/space_names.h"

namespace spind::ops {
namespace {

using kv::Family;

Result<Decision> decide(space::State& state, const Call& call) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY(access::may_manage(call.who, *info));
  if (info->state != SpaceStatus::disabled)
    return Error{.code = Code::conflict,
                 .text = "only a space that is disabled can be purged",
                 .path = state.space().to_string()};
  model::SpaceRecord after = *info;
  after.state = SpaceStatus::purged;
  Decision decision;
  decision.written.node = kRootNode;
  decision.changes.push_back(model::SpaceUpdated{*info, std::move(after)});
  return decision;
}

// From now on nobody finds it, its alias is free, and its id is taken for ever.
Status leave_catalogue(kv::Transaction& rows, space::State& state) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  rows.erase(Family::state, model::catalogue_space_key(info->tenant, info->kind, state.space()));
  rows.put(Family::state, model::catalogue_gone_key(state.space()), "");
  if (!info->alias.empty())
    rows.erase(Family::state, model::catalogue_alias_key(info->tenant, info->alias));
  return {};
}

}  // namespace

Result<Written> purge_space(const Context& context, const Call& call, const SpaceId& space) {
  const Request request{.space = space,
                        .type = model::EntryType::space_updated,
                        .also_owned = model::catalogue_partition(),
                        .also = leave_catalogue,
                        .wanted = Wanted::space_itself,
                        .uses_reserve = true};
  return commit(context, call, request,
                [&](space::State& state, const Moment&) { return decide(state, call); });
}

}  // namespace spind::ops
