// What check and scrub found, for people and as JSON.
#pragma once

#include <vector>

#include "json.h"
#include "spind/upkeep.h"
#include "tool.h"

namespace spind::tool {

// {kind, space, node, text} each.
std::vector<JsonObject> finding_rows(const std::vector<CheckFinding>& findings);
// One a line; `total` may be more than there are.
void say_findings(Tool& tool, const std::vector<CheckFinding>& findings, std::uint64_t total);

}  // namespace spind::tool
