// The waiters that one group sync will serve. They sleep on one word and wake together, without a
// mutex between them.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "kv/futex.h"

namespace spind::kv {

// Thread-safe.
class SyncGroup {
 public:
  enum class Role { leader, served, late };

  // Sleeps until the group is served, or until it needs a leader and this caller is it, or until
  // the deadline (0: none). A leader must call finish().
  Role join(Clock& clock, std::int64_t deadline_monotonic_ns);
  // The sync before this one is done: one waiter, now or later, may lead.
  void invite();
  // Wakes all; those whose ticket was not covered join another group.
  void finish();

 private:
  enum : std::uint32_t { kPending, kInvited, kLed, kDone };
  void sleep(std::uint32_t seen, std::int64_t timeout_ns);

  FutexWord word_{kPending};
  std::atomic<std::uint32_t> sleepers_{0};
};

}  // namespace spind::kv
