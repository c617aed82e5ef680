// Nodes that a list of ids leads to, as far as there is anything to see.
#pragma once

#include "ops/context.h"

namespace spind::ops {

// None: it is gone, in the trash, below kClimbMax folders, or the caller may not know of it.
Result<std::optional<NodeInfo>> visible_node(space::NodeSource& source,
                                             const model::SpaceRecord& info, const Call& call,
                                             NodeId node);

}  // namespace spind::ops
