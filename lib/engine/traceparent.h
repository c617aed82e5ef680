// The field of W3C Trace Context by which a host says of what a call is a part.
#pragma once

#include <string_view>

#include "spind/result.h"

namespace spind::engine {

// Empty, or version-trace-parent-flags in lower-case hexadecimal: else invalid_argument.
Status check_traceparent(std::string_view traceparent);

}  // namespace spind::engine
