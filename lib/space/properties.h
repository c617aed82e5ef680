// The properties of a node, as a snapshot or the inside of a commit has them.
#pragma once

#include "kv/kv.h"
#include "spind/property.h"

namespace spind::space {

// Those whose keys begin with the prefix, in order of keys. kPropertiesBytesMax bounds them.
Result<std::vector<Property>> properties_of(const kv::View& rows, const SpaceId& space, NodeId node,
                                            std::string_view prefix);

}  // namespace spind::space
