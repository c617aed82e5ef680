// Since when the places that this run has doomed are so: none goes while a reader's snapshot may know
// it. What an earlier run doomed is older than every snapshot of this one.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "kv/kv.h"

namespace spind::content {

// By the keys of their rows. Thread-safe.
class DoomedPlaces {
 public:
  // A commit that dooms it may come, and may be seen before it is known when it came.
  void expect(const std::string& key) {
    const std::lock_guard lock(mutex_);
    since_.emplace(key, kExpected);
  }
  void note(const std::string& key, kv::Ticket ticket) {
    const std::lock_guard lock(mutex_);
    since_[key] = ticket;
  }
  // What was expected did not come, and cannot any more.
  void not_doomed(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = since_.find(key);
    if (found != since_.end() && found->second == kExpected) since_.erase(found);
  }
  void gone(const std::string& key) {
    const std::lock_guard lock(mutex_);
    since_.erase(key);
  }

  bool may_go(const std::string& key, kv::Ticket oldest_snapshot) {
    const std::lock_guard lock(mutex_);
    const auto found = since_.find(key);
    return found == since_.end() || found->second <= oldest_snapshot;
  }

 private:
  static constexpr kv::Ticket kExpected = UINT64_MAX;

  std::mutex mutex_;
  std::map<std::string, kv::Ticket> since_;
};

}  // namespace spind::content
