// When the caller's time is over.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace spind::engine {

// Never 0, which would be none; a time out of reach is the farthest there is.
inline std::int64_t deadline_after(std::int64_t now_ns, std::chrono::milliseconds timeout) {
  std::int64_t timeout_ns = 0, deadline_ns = 0;
  if (__builtin_mul_overflow(std::int64_t{timeout.count()}, std::int64_t{1'000'000}, &timeout_ns) ||
      __builtin_add_overflow(now_ns, timeout_ns, &deadline_ns))
    return timeout.count() < 0 ? 1 : std::numeric_limits<std::int64_t>::max();
  return std::max<std::int64_t>(deadline_ns, 1);
}

}  // namespace spind::engine
