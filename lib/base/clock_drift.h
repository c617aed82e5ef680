// Whether the wall clock can be believed about how much time has passed.
#pragma once

#include <optional>

#include "base/clock.h"

namespace spind {

// Both clocks at one moment; the wall clock must since have gone on as the other one did, which no
// setting of the time moves. Thread-safe.
class ClockDrift {
 public:
  explicit ClockDrift(Clock& clock)
      : clock_(clock), wall_ns_(clock.wall_ns()), monotonic_ns_(clock.monotonic_ns()) {}

  bool clocks_agree() const {
    const std::int64_t drift =
        (clock_.wall_ns() - wall_ns_) - (clock_.monotonic_ns() - monotonic_ns_);
    return drift < kDriftNsMax && drift > -kDriftNsMax;
  }
  // The time by the wall clock; none where it jumped, and says nothing of how old things are.
  std::optional<std::int64_t> believed_now() const {
    if (!clocks_agree()) return std::nullopt;
    return clock_.wall_ns();
  }

 private:
  static constexpr std::int64_t kDriftNsMax = std::int64_t{60} * 1'000'000'000;
  Clock& clock_;
  const std::int64_t wall_ns_, monotonic_ns_;
};

}  // namespace spind
