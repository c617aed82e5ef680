// Where a node goes to that comes from elsewhere: out of the trash, or as a copy.
#pragma once

#include "ops/commit.h"
#include "space/resolve.h"

namespace spind::ops {

// A folder, perhaps to be made on the way, and a name in it.
struct Destination {
  Ref ref{"/"};
  space::Resolved at;
  std::vector<std::string> missing;
  // What has the name already, or one that collides with it; null: nothing.
  space::NodeRef taken;
  std::string taken_name;
};

// not_found: a folder is missing, and not make_parents.
Result<Destination> find_destination(space::State& state, const Ref& ref, bool make_parents);

// Makes room for the name, or gives another one; none: nothing is to happen (OnConflict::skip).
// Something is in the way. already_exists; conflict: it is the root.
Result<std::optional<std::string>> settle_conflict(space::State& state, const Call& call,
                                                   NodeKind kind, const Destination& destination,
                                                   OnConflict on_conflict, Decision& decision);

}  // namespace spind::ops
