// The upkeep that goes on beside the writers of a crash or a power cut.
#pragma once

#include "spind/store.h"

namespace spind::test {

// A space that drops all that it can, thins its versions, and then goes itself; most of the packs that
// it wrote to is dead then.
Status come_and_go(const Session& session, std::uint64_t round);

// Collects all that it can, moves what is left of packs that are mostly dead, and scrubs a part of
// the store, on from where the last part ended. Findings are an error.
Status look_after(const Store& store);

}  // namespace spind::test
