// A name for a node that would collide with another one.
#pragma once

#include "space/state.h"

namespace spind::ops {

// "essay (2).odt" for "essay.odt", with the first number from 2 on that nothing in the folder has.
// already_exists: none of kFreeNamesTried is free.
Result<std::string> free_name(space::State& state, NodeId folder, std::string_view name,
                              NodeKind kind, const Ref& ref);

}  // namespace spind::ops
