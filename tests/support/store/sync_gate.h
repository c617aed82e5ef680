// Holds back the syncs of a store, and fails them.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "spind/result.h"

namespace spind::test {

// Each sync passes through here. Thread-safe.
class SyncGate {
 public:
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void fail_with(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  // Until a sync stands at the closed gate.
  void await_sync() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return standing_ > 0; });
  }
  Status pass() {
    std::unique_lock lock(mutex_);
    ++passed_;
    ++standing_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --standing_;
    if (error_) return *error_;
    return {};
  }
  int passed() const {
    const std::lock_guard lock(mutex_);
    return passed_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int standing_ = 0;
  int passed_ = 0;
  std::optional<Error> error_;
};

}  // namespace spind::test
