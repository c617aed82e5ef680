// Since when the places that this run has doomed are so: none goes while a reader's snapshot may
// know it. What an earlier run doomed is older than every snapshot of this one.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "kv/kv.h"

namespace spind::content {

// By the keys of their rows. Thread-safe.
class DoomedPlaces {
 public:
  // Since nobody knows when: as long as this run lasts.
  static constexpr kv::Ticket kUnknown = UINT64_MAX;

  // A commit that dooms it may come, and may be seen before it is known when it came. Each is
  // settled.
  void expect(const std::string& key) {
    const std::lock_guard lock(mutex_);
    ++since_[key].expected;
  }
  // By which commit it was doomed, or none.
  void settle(const std::string& key, std::optional<kv::Ticket> ticket) {
    const std::lock_guard lock(mutex_);
    const auto found = since_.find(key);
    if (found == since_.end()) return;
    --found->second.expected;
    if (ticket) found->second.ticket = ticket;
    forget_if_idle(found);
  }
  // The same of what nobody expected, since whoever removes places has doomed it.
  void note(const std::string& key, kv::Ticket ticket) {
    const std::lock_guard lock(mutex_);
    since_[key].ticket = ticket;
  }
  void gone(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = since_.find(key);
    if (found == since_.end()) return;
    found->second.ticket.reset();
    forget_if_idle(found);
  }

  bool may_go(const std::string& key, kv::Ticket oldest_snapshot) {
    const std::lock_guard lock(mutex_);
    const auto found = since_.find(key);
    if (found == since_.end()) return true;
    return found->second.expected == 0 && found->second.ticket <= oldest_snapshot;
  }

 private:
  struct Since {
    std::size_t expected = 0;  // commits that may doom it
    std::optional<kv::Ticket> ticket;
  };
  void forget_if_idle(std::map<std::string, Since>::iterator found) {
    if (found->second.expected == 0 && !found->second.ticket) since_.erase(found);
  }

  std::mutex mutex_;
  std::map<std::string, Since> since_;
};

}  // namespace spind::content
