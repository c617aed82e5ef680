// Nodes in the trash: which item they belong to, and where they came from.
#pragma once

#include "space/node_source.h"

namespace spind::space {

// A node that was removed, or one that lies below it.
struct Trashed {
  model::AttachmentId item;  // key of the row of the trash
  bool below = false;        // not the node that was removed itself
  Place place;               // where it hangs in the trash, or hung when it was removed
};

// What `ref` names by an id in the trash, and a path below it. not_found: it is not in the trash.
Result<Trashed> find_trashed(NodeSource& source, const Ref& ref);

// Where a folder lies, or lay before it or one above it was removed.
struct Origin {
  NodeId folder = 0;                 // the last one on the way to it that hangs
  std::vector<std::string> missing;  // names of those below that do not
  std::string path;                  // of all; "" for the root
};

// not_found: one on the way is gone for good. limit_exceeded: below kClimbMax folders.
Result<Origin> origin_of(NodeSource& source, NodeId folder);

}  // namespace spind::space
