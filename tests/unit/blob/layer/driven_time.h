// Time that passes when a layer waits, and not otherwise.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "blob/layer/pause.h"
#include "support/store/test_clock.h"

namespace spind::test {

// Moves the clock instead of waiting, and says for how long each wait was. Thread-safe.
class DrivenPause final : public Pause {
 public:
  explicit DrivenPause(TestClock& clock) : clock_(clock) {}

  void pause(std::int64_t nanoseconds) override {
    if (nanoseconds <= 0) return;
    clock_.advance(nanoseconds);
    const std::lock_guard lock(mutex_);
    waits_.push_back(nanoseconds);
  }
  std::vector<std::int64_t> waits() const {
    const std::lock_guard lock(mutex_);
    return waits_;
  }

 private:
  TestClock& clock_;
  mutable std::mutex mutex_;
  std::vector<std::int64_t> waits_;
};

}  // namespace spind::test
