#include "kv/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>

namespace spind::kv {
namespace {

static_assert(sizeof(FutexWord) == sizeof(std::uint32_t) && FutexWord::is_always_lock_free);

void futex(const FutexWord& word, int operation, std::uint32_t value, const timespec* timeout) {
  syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, 0);
}

}  // namespace

void futex_wait(const FutexWord& word, std::uint32_t expected, std::int64_t timeout_ns) {
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  if (timeout_ns < 0) return futex(word, FUTEX_WAIT, expected, nullptr);
  const timespec timeout{timeout_ns / kNsPerSecond, timeout_ns % kNsPerSecond};
  futex(word, FUTEX_WAIT, expected, &timeout);
}

void futex_wake_one(const FutexWord& word) { futex(word, FUTEX_WAKE, 1, nullptr); }

void futex_wake_all(const FutexWord& word) { futex(word, FUTEX_WAKE, INT_MAX, nullptr); }

void FutexMutex::lock() {
  std::uint32_t seen = 0;
  if (word_.compare_exchange_strong(seen, 1, std::memory_order_acquire)) return;
  if (seen != 2) seen = word_.exchange(2, std::memory_order_acquire);
  while (seen != 0) {
    futex_wait(word_, 2);
    seen = word_.exchange(2, std::memory_order_acquire);
  }
}

void FutexMutex::unlock() {
  if (word_.exchange(0, std::memory_order_release) == 2) futex_wake_one(word_);
}

}  // namespace spind::kv
