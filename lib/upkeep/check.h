// Looks at every invariant of a store, in one snapshot of it, in bounded memory.
//
// Knows how rows must hang together; changes nothing, unless it is told to repair. Reads rows from
// the store alone, never from a cache that could hide what is wrong. README.md lists every kind of
// damage.
#pragma once

#include "base/clock.h"
#include "content/content.h"
#include "kv/kv.h"
#include "spind/upkeep.h"

namespace spind::upkeep {

struct Subject {
  kv::Store& kv;
  content::Content& content;
  Clock& clock;
};

// Errors: cancelled, io_error. What is wrong with the store is in the report, not an error.
Result<CheckReport> check(const Subject& subject, const CheckOptions& options);

}  // namespace spind::upkeep
