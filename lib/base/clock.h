// Where time comes from. Tests bring a clock of their own.
#pragma once

#include <cstdint>

namespace spind {

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
