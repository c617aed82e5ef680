// The rules of names as the model has them.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "spind/options.h"

namespace spind::test {

// The parts of a path and all that is wrong with them.
std::vector<std::string> path_parts(std::string_view path, std::set<Code>& problems);

// Whether the two cannot stand beside each other.
bool names_collide(NameRule rule, const std::string& a, const std::string& b);

}  // namespace spind::test
