// Folders that a verb makes on its way.
#pragma once

#include "ops/commit.h"
#include "space/resolve.h"

namespace spind::ops {

// A new child: under which folder, by which name and id.
struct NewChild {
  NodeId parent = 0;
  std::string name;
  NodeId id = 0;
};

model::NodeRecord new_folder(NodeId id, const Call& call, std::int64_t mtime_ns);

// Adds a folder for each missing name to `changes` and says where the child goes. Checks the rights
// to make them, and the space's name rule for the first name that is new.
Result<NewChild> place_new_child(space::State& state, const Call& call, const Moment& moment,
                                 const Ref& ref, const space::Resolved& at,
                                 const std::vector<std::string>& missing,
                                 access::Permissions to_make_child,
                                 std::vector<model::Change>& changes);

// already_exists if the name collides under the space's name rule with another one.
Status check_collision(space::State& state, NodeId parent, std::string_view name, const Ref& ref);

}  // namespace spind::ops
