// Where time comes from. Tests bring a clock of their own.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace spind {

// As good as never, and what is reckoned with it is still a number.
inline constexpr std::chrono::milliseconds kTimeMax = std::chrono::hours(24 * 366 * 100);

// Nanoseconds, 0 to kTimeMax.
constexpr std::int64_t to_ns(std::chrono::milliseconds time) {
  return std::clamp(time, std::chrono::milliseconds(0), kTimeMax).count() * 1'000'000;
}

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since 1970 UTC, as the system believes; may jump either way.
  virtual std::int64_t wall_ns() = 0;
  // Nanoseconds since an arbitrary moment; never goes back.
  virtual std::int64_t monotonic_ns() = 0;

  static Clock& system();
};

}  // namespace spind
