#include "base/limits.h"
#include "base/try.h"
#include "ops/free_name.h"
#include "ops/make_parents.h"
#include "ops/ops.h"
#include "space/trashed.h"

namespace spind::ops {
namespace {

// Where the node goes: a folder, perhaps made on the way, and a name in it.
struct Target {
  Ref ref{"/"};
  space::Resolved at;
  std::vector<std::string> missing;
  // What has the name already, or one that collides with it; null: nothing.
  space::NodeRef taken;
  std::string taken_name;
};

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

Result<Target> find_target(space::State& state, const space::Trashed& item, const Ref& ref,
                           const RestoreOptions& options) {
  Target target;
  if (options.to) {
    target.ref = *options.to;
  } else {
    SPIND_TRY_ASSIGN(target.ref, place_of_return(state, item, ref));
  }
  SPIND_TRY_ASSIGN(target.at, space::resolve_with_missing(state, target.ref, &target.missing));
  if (!target.missing.empty() && !options.make_parents)
    return Error{.code = Code::not_found,
                 .text = "a folder on the way is missing",
                 .path = target.ref.to_string()};
  if (target.at.exists()) {
    target.taken = target.at.place.node;
    target.taken_name = target.at.place.name;
  } else if (target.missing.empty()) {
    SPIND_TRY_ASSIGN(const auto name,
                     state.colliding_name(target.at.place.parent, target.at.place.name));
    if (name) {
      SPIND_TRY_ASSIGN(target.taken, state.child(target.at.place.parent, *name));
      target.taken_name = *name;
    }
  }
  return target;
}

// Makes room for the name, or gives another one. Nothing has changed if the answer is none.
Result<std::optional<std::string>> settle_conflict(space::State& state, const Call& call,
                                                   const space::Trashed& item, const Target& target,
                                                   OnConflict on_conflict, Decision& decision) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  const NodeId parent = target.at.place.parent;
  if (target.taken->id == kRootNode)
    return Error{.code = Code::conflict,
                 .text = "the root cannot be replaced",
                 .path = target.ref.to_string()};
  switch (on_conflict) {
    case OnConflict::skip: return std::optional<std::string>{};
    case OnConflict::replace:
      SPIND_TRY(permit(call, *info, target.at.way, target.taken->id, access::kDelete, target.ref));
      decision.changes.push_back(model::NodeTrashed{target.taken->id, parent, target.taken_name});
      return std::optional(target.at.place.name);
    case OnConflict::keep_both: {
      SPIND_TRY_ASSIGN(std::string name, free_name(state, parent, target.at.place.name,
                                                   item.place.node->kind, target.ref));
      return std::optional(std::move(name));
    }
    case OnConflict::fail: break;
  }
  return Error{.code = Code::already_exists,
               .text = "something has the name: " + target.taken_name,
               .path = target.ref.to_string()};
}

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref,
                        const RestoreOptions& options, const Moment& moment) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY(permit(call, *info, {kRootNode}, 0, access::kRestoreRecycleItem, ref));
  SPIND_TRY_ASSIGN(const space::Trashed item, space::find_trashed(state, ref));
  SPIND_TRY_ASSIGN(const Target target, find_target(state, item, ref, options));
  SPIND_TRY(permit(call, *info, target.at.way, 0, access::kRestoreRecycleItem, target.ref));
  Decision decision;
  decision.written.node = item.place.node->id;
  NewChild child{target.at.place.parent, target.at.place.name, 0};
  if (target.taken != nullptr) {
    SPIND_TRY_ASSIGN(auto name,
                     settle_conflict(state, call, item, target, options.on_conflict, decision));
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
