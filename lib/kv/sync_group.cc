#include "kv/sync_group.h"

#include <algorithm>

#include "kv/limits.h"

namespace spind::kv {

SyncGroup::Role SyncGroup::join(Clock& clock, std::int64_t deadline_monotonic_ns) {
  for (;;) {
    std::uint32_t seen = word_.load(std::memory_order_seq_cst);
    if (seen == kDone) return Role::served;
    if (seen == kInvited) {
      if (word_.compare_exchange_strong(seen, kLed)) return Role::leader;
      continue;
    }
    if (deadline_monotonic_ns == 0) {
      sleep(seen, -1);
      continue;
    }
    const std::int64_t left_ns = deadline_monotonic_ns - clock.monotonic_ns();
    if (left_ns > 0) {
      sleep(seen, std::min(left_ns, kDeadlinePollNs));
      continue;
    }
    // The invitation may have woken this caller and nobody else: pass it on.
    if (word_.load(std::memory_order_seq_cst) == kInvited) futex_wake_one(word_);
    return Role::late;
  }
}

// Whoever changes the word and then sees no sleepers need not wake anybody: a waiter that counts
// itself later finds the word changed and does not fall asleep.
void SyncGroup::sleep(std::uint32_t seen, std::int64_t timeout_ns) {
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  futex_wait(word_, seen, timeout_ns);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

void SyncGroup::invite() {
  std::uint32_t pending = kPending;
  if (!word_.compare_exchange_strong(pending, kInvited)) return;
  if (sleepers_.load(std::memory_order_seq_cst) != 0) futex_wake_one(word_);
}

void SyncGroup::finish() {
  word_.store(kDone, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) != 0) futex_wake_all(word_);
}

}  // namespace spind::kv
