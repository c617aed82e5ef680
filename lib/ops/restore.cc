#include "base/limits.h"
#include "base/try.h"
#include "ops/destination.h"
#include "ops/make_parents.h"
#include "ops/ops.h"
#include "space/trashed.h"

namespace spind::ops {
namespace {

Result<Ref> place_of_return(space::State& state, const space::Trashed& item, const Ref& ref) {
  auto origin = space::origin_of(state, item.place.parent);
  if (!origin.ok()) {
    Error error = std::move(origin).error();
    if (error.code == Code::not_found) error.text = "the folder it was in is gone; say where to";
    error.path = ref.to_string();
    return error;
  }
  std::string path;
  for (const std::string& name : origin->missing) path += name + "/";
  return Ref::below(origin->folder, path + item.place.name);
}

Result<Destination> find_target(space::State& state, const space::Trashed& item, const Ref& ref,
                                const RestoreOptions& options) {
  if (options.to) return find_destination(state, *options.to, options.make_parents);
  SPIND_TRY_ASSIGN(const Ref back, place_of_return(state, item, ref));
  return find_destination(state, back, options.make_parents);
}

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref,
                        const RestoreOptions& options, const Moment& moment) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY(permit(call, *info, {kRootNode}, 0, access::kRestoreRecycleItem, ref));
  SPIND_TRY_ASSIGN(const space::Trashed item, space::find_trashed(state, ref));
  SPIND_TRY_ASSIGN(const Destination target, find_target(state, item, ref, options));
  SPIND_TRY(permit(call, *info, target.at.way, 0, access::kRestoreRecycleItem, target.ref));
  Decision decision;
  decision.written.node = item.place.node->id;
  NewChild child{target.at.place.parent, target.at.place.name, 0};
  if (target.taken != nullptr) {
    SPIND_TRY_ASSIGN(auto name, settle_conflict(state, call, item.place.node->kind, target,
                                                options.on_conflict, decision));
    if (!name) return decision;
    child.name = std::move(*name);
  } else {
    SPIND_TRY_ASSIGN(child,
                     place_new_child(state, call, moment, target.ref, target.at, target.missing,
                                     access::kRestoreRecycleItem, decision.changes));
  }
  model::NodeRestored restored;
  restored.node = item.place.node->id;
  restored.item = item.item;
  restored.below = item.below;
  restored.to_parent = child.parent;
  restored.to_name = std::move(child.name);
  decision.changes.push_back(std::move(restored));
  return decision;
}

}  // namespace

Result<Written> restore(const Context& context, const Call& call, const SpaceId& space,
                        const Ref& item, const RestoreOptions& options) {
  const Request request{
      .space = space, .type = model::EntryType::restored, .request_id = options.request_id};
  return commit(context, call, request, [&](space::State& state, const Moment& moment) {
    return decide(state, call, item, options, moment);
  });
}

}  // namespace spind::ops
