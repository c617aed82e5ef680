#include "ops/make_parents.h"

#include "base/try.h"

namespace spind::ops {

model::NodeRecord new_folder(NodeId id, const Call& call, std::int64_t mtime_ns) {
  model::NodeRecord folder;
  folder.id = id;
  folder.kind = NodeKind::folder;
  folder.creator = call.who.user;
  folder.mtime_ns = mtime_ns;
  return folder;
}

Status check_collision(space::State& state, NodeId parent, std::string_view name, const Ref& ref) {
  SPIND_TRY_ASSIGN(const auto taken, state.colliding_name(parent, name));
  if (!taken) return {};
  return Error{
      .code = Code::already_exists,
      .text = "in this space names differ by more than case or normal form; there is: " + *taken,
      .path = ref.to_string()};
}

Result<NewChild> place_new_child(space::State& state, const Call& call, const Moment& moment,
                                 const Ref& ref, const space::Resolved& at,
                                 const std::vector<std::string>& missing,
                                 access::Permissions to_make_child,
                                 std::vector<model::Change>& changes) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  const access::Permissions wanted =
      missing.empty() ? to_make_child : to_make_child | access::kCreateContainer;
  SPIND_TRY(permit(call, *info, at.way, 0, wanted, ref));
  const std::string& first_new = missing.empty() ? at.place.name : missing.front();
  SPIND_TRY(check_collision(state, at.place.parent, first_new, ref));
  SPIND_TRY_ASSIGN(const model::Head* head, state.head());
  NewChild child{at.place.parent, at.place.name, head->next_node};
  for (const std::string& name : missing) {
    changes.push_back(
        model::NodeAdded{child.parent, name, new_folder(child.id, call, moment.wall_ns)});
    child.parent = child.id++;
  }
  return child;
}

}  // namespace spind::ops
