// From a reference to a node: checks every name, goes down paths and climbs up from ids.
#pragma once

#include "space/node_source.h"

namespace spind::space {

// What a reference names. The way leads from the root to `place.parent`, both included; it is empty
// for the root.
struct Resolved {
  std::vector<NodeId> way;
  Place place;
  bool exists() const { return place.node != nullptr; }
};

// name rules of one name: 1 to 255 bytes of UTF-8 without '/', NUL, control characters, "." or
// "..".
Status check_name(std::string_view name);

// The names in a path. name_too_long, invalid_argument, limit_exceeded.
Result<std::vector<std::string_view>> split_path(const Ref& ref);

// The node itself may be missing when all folders above it are there; then place.node is null.
// not_found: a folder on the way is missing, or the start of the reference is gone or in the trash.
// not_a_folder: a file stands in the middle of the path.
Result<Resolved> resolve(NodeSource& source, const Ref& ref);

// As resolve, but folders on the way that are missing are no error: they are listed in `missing`,
// in order, and place.parent is the last folder that exists.
Result<Resolved> resolve_with_missing(NodeSource& source, const Ref& ref,
                                      std::vector<std::string>* missing);

// A node by its id, with its place. limit_exceeded below kClimbMax folders.
Result<Resolved> resolve_id(NodeSource& source, NodeId node);

}  // namespace spind::space
