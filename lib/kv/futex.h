// Sleeping on a word of memory. Condition variables make every woken thread take a mutex again,
// which is what a group of waiters must not do; std::atomic::wait knows no deadline.
#pragma once

#include <atomic>
#include <cstdint>

namespace spind::kv {

using FutexWord = std::atomic<std::uint32_t>;

// Sleeps while `word` holds `expected`; may return early. `timeout_ns` negative: none.
void futex_wait(const FutexWord& word, std::uint32_t expected, std::int64_t timeout_ns = -1);
void futex_wake_one(const FutexWord& word);
void futex_wake_all(const FutexWord& word);

// A mutex of four bytes. Not fair: a running thread may take it before a woken one, which keeps a
// hot lock busy while the woken thread is being scheduled.
class FutexMutex {
 public:
  void lock();
  void unlock();

 private:
  FutexWord word_{0};  // 0 free, 1 held, 2 held and somebody may sleep
};

}  // namespace spind::kv
