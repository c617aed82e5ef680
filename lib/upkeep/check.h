// Looks at every invariant of a store, each space in one snapshot, in bounded memory.
//
// Knows how rows must hang together; changes nothing. README.md lists every kind of damage.
#pragma once

#include "content/content.h"
#include "kv/kv.h"
#include "space/row_cache.h"
#include "spind/upkeep.h"

namespace spind::upkeep {

struct Subject {
  kv::Store& kv;
  content::Content& content;
  space::RowCache& rows;
};

// Errors: cancelled, io_error. What is wrong with the store is in the report, not an error.
Result<CheckReport> check(const Subject& subject, const CheckOptions& options);

}  // namespace spind::upkeep
