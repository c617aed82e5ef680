// What somebody waits for who handed work to a worker.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "blob/interrupt.h"
#include "spind/result.h"

namespace spind::content {

// The worker owns what it works on from `begin` until it lands. Thread-safe.
class Landing {
 public:
  // False: it was called off, and whoever waited may be gone.
  bool begin() {
    const std::lock_guard lock(mutex_);
    begun_ = !outcome_;
    return begun_;
  }
  void land(Status status) {
    const std::lock_guard lock(mutex_);
    outcome_.emplace(std::move(status));
    landed_.notify_all();
  }
  // Not before the worker is done with it. What none has begun is not begun any more, where the
  // caller gives up.
  Status await(const Interrupt& interrupt) {
    std::unique_lock lock(mutex_);
    const auto there = [&] { return outcome_.has_value(); };
    Status waited = wait_unless(landed_, lock, interrupt, there);
    if (!waited.ok() && !begun_) outcome_.emplace(std::move(waited));
    landed_.wait(lock, there);
    return outcome_->ok() ? Status() : Status(outcome_->error());
  }

 private:
  bool begun_ = false;
  std::optional<Status> outcome_;
  std::mutex mutex_;
  std::condition_variable landed_;
};

}  // namespace spind::content
