#include "blob/layer/pause.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "base/try.h"
#include "blob/interrupt.h"

namespace spind {
namespace {

class SystemPause final : public Pause {
 public:
  void pause(std::int64_t nanoseconds) override {
    if (nanoseconds > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds));
  }
};

}  // namespace

Pause& Pause::system() {
  static Pause* const pause = std::make_unique<SystemPause>().release();
  return *pause;
}

Status pause_unless(Pause& pause, std::int64_t nanoseconds, const Interrupt& interrupt) {
  if (!interrupt) {
    pause.pause(nanoseconds);
    return {};
  }
  constexpr std::int64_t kPeriodNs = std::chrono::nanoseconds(kInterruptPeriod).count();
  for (; nanoseconds > 0; nanoseconds -= kPeriodNs) {
    SPIND_TRY(interrupt());
    pause.pause(std::min(nanoseconds, kPeriodNs));
  }
  return interrupt();
}

}  // namespace spind
