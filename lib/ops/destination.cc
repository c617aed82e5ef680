#include "ops/destination.h"

#include "base/try.h"
#include "ops/free_name.h"

namespace spind::ops {

Result<Destination> find_destination(space::State& state, const Ref& ref, bool make_parents) {
  Destination destination;
  destination.ref = ref;
  SPIND_TRY_ASSIGN(destination.at, space::resolve_with_missing(state, ref, &destination.missing));
  if (!destination.missing.empty() && !make_parents)
    return Error{
        .code = Code::not_found, .text = "a folder on the way is missing", .path = ref.to_string()};
  const space::Place& place = destination.at.place;
  if (destination.at.exists()) {
    destination.taken = place.node;
    destination.taken_name = place.name;
  } else if (destination.missing.empty()) {
    SPIND_TRY_ASSIGN(const auto name, state.colliding_name(place.parent, place.name));
    if (name) {
      SPIND_TRY_ASSIGN(destination.taken, state.child(place.parent, *name));
      destination.taken_name = *name;
    }
  }
  return destination;
}

Result<std::optional<std::string>> settle_conflict(space::State& state, const Call& call,
                                                   NodeKind kind, const Destination& destination,
                                                   OnConflict on_conflict, Decision& decision) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  const space::Place& place = destination.at.place;
  const model::NodeRecord& taken = *destination.taken;
  if (taken.id == kRootNode)
    return Error{.code = Code::conflict,
                 .text = "the root cannot be replaced",
                 .path = destination.ref.to_string()};
  switch (on_conflict) {
    case OnConflict::skip: return std::optional<std::string>{};
    case OnConflict::replace:
      SPIND_TRY(
          permit(call, *info, destination.at.way, taken.id, access::kDelete, destination.ref));
      decision.changes.push_back(
          model::NodeTrashed{taken.id, place.parent, destination.taken_name});
      return std::optional(place.name);
    case OnConflict::keep_both: {
      SPIND_TRY_ASSIGN(std::string name,
                       free_name(state, place.parent, place.name, kind, destination.ref));
      return std::optional(std::move(name));
    }
    case OnConflict::fail: break;
  }
  return Error{.code = Code::already_exists,
               .text = "something has the name: " + destination.taken_name,
               .path = destination.ref.to_string()};
}

}  // namespace spind::ops
