// Points in a space's past, as they stand on the command line.
#pragma once

#include <cstdint>
#include <string_view>

#include "spind/types.h"

namespace spind::tool {

// RFC 3339, as 2026-03-01T08:30:00Z, 2026-03-01T08:30:00.25+01:00 or with a space for the T.
// Nanoseconds since 1970; what is finer is cut off.
Result<std::int64_t> parse_time(std::string_view text);

// The number of an entry, or a time.
Result<Point> parse_point(std::string_view text);

}  // namespace spind::tool
