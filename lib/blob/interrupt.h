// Waiting for somebody who may give up meanwhile.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "spind/blob_store.h"

namespace spind {

// So often whoever waits asks whether it is to go on.
inline constexpr std::chrono::milliseconds kInterruptPeriod{20};

inline Status ask(const Interrupt& interrupt) { return interrupt ? interrupt() : Status(); }

// Waits until `done` says so or the time is over; or until the interrupt is not ok any more, which
// is answered. Whatever is asked is asked without the lock.
template <class Done>
Status wait_unless(
    std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
    const Interrupt& interrupt, const Done& done,
    std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max()) {
  if (!interrupt && until == std::chrono::steady_clock::time_point::max()) {
    changed.wait(lock, done);
    return {};
  }
  while (!done()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return {};
    changed.wait_until(lock, interrupt ? std::min(until, now + kInterruptPeriod) : until);
    if (!interrupt) continue;
    lock.unlock();
    Status asked = interrupt();
    lock.lock();
    if (!asked.ok() && !done()) return asked;
  }
  return {};
}

}  // namespace spind
