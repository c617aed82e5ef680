// One sync for all who wait: whoever waits while nobody syncs leads, and covers everybody who has
// written by then. The limits use it where it beats a sync each.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

namespace spind::bench {

// Thread-safe.
class SharedSync {
 public:
  explicit SharedSync(std::function<void()> sync) : sync_(std::move(sync)) {}

  // Call after the write; returns when a sync that began later has ended.
  void wait_until_durable() {
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = ++written_;
    while (synced_ < ticket) {
      if (syncing_) {
        changed_.wait(lock);
        continue;
      }
      syncing_ = true;
      const std::uint64_t covered = written_;
      lock.unlock();
      sync_();
      lock.lock();
      syncing_ = false;
      synced_ = covered;
      changed_.notify_all();
    }
  }

 private:
  std::function<void()> sync_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t written_ = 0;  // writes that were announced
  std::uint64_t synced_ = 0;   // how many of them a sync has covered
  bool syncing_ = false;
};

}  // namespace spind::bench
