// The journal of one space: no gaps, the chain of hashes, and the head at its end.
#pragma once

#include "space/reading.h"
#include "upkeep/findings.h"

namespace spind::upkeep {

// Gives the number of entries that were read.
Result<std::uint64_t> check_journal(space::Reading& reading, const model::Head& head,
                                    Findings& findings, Steps& steps);

}  // namespace spind::upkeep
