// Properties and tags against each other, and against the nodes that they are of.
#pragma once

#include "space/reading.h"
#include "upkeep/findings.h"

namespace spind::upkeep {

Status check_properties(space::Reading& reading, Findings& findings, Steps& steps);

}  // namespace spind::upkeep
