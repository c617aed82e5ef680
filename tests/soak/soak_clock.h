// The clock of a soak: it is right about how time passes, only faster, so that days of policies fit
// into minutes; and somebody may set it.
#pragma once

#include <atomic>

#include "support/store/test_clock.h"

namespace spind::test {

// Equal in all processes that are told the same. Thread-safe.
class SoakClock : public Clock {
 public:
  // A minute and a day of policies are 0.2 s and 5 minutes of the test.
  static constexpr std::int64_t kSpeed = 300;

  // `begin_ns`: of the system's monotonic clock, when the soak began. `ahead_ns`: how far the wall
  // clock was set ahead since.
  SoakClock(std::int64_t begin_ns, std::int64_t ahead_ns)
      : begin_ns_(begin_ns), ahead_ns_(ahead_ns) {}

  std::int64_t wall_ns() override { return TestClock::kStart_ns + monotonic_ns() + ahead_ns_; }
  std::int64_t monotonic_ns() override {
    return (Clock::system().monotonic_ns() - begin_ns_) * kSpeed;
  }
  void set_ahead(std::int64_t nanoseconds) { ahead_ns_ += nanoseconds; }

 private:
  const std::int64_t begin_ns_;
  std::atomic<std::int64_t> ahead_ns_;
};

inline constexpr std::int64_t kMinute_ns = std::int64_t{60} * 1'000'000'000;
inline constexpr std::int64_t kHour_ns = 60 * kMinute_ns;
inline constexpr std::int64_t kDay_ns = 24 * kHour_ns;

}  // namespace spind::test
