#include "base/clock.h"

#include <ctime>
#include <memory>

namespace spind {
namespace {

std::int64_t read_ns(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  std::int64_t wall_ns() override { return read_ns(CLOCK_REALTIME); }
  std::int64_t monotonic_ns() override { return read_ns(CLOCK_MONOTONIC); }
};

}  // namespace

Clock& Clock::system() {
  // Never destroyed: other objects may read the time while the process ends.
  static Clock* const clock = std::make_unique<SystemClock>().release();
  return *clock;
}

}  // namespace spind
