// Whether a store takes writes, and why not.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "spind/result.h"

namespace spind::kv {

// Thread-safe. From `full` there is a way back, from `poisoned` only a new process: after a failed
// sync nobody knows what the device holds, and asking it again may get a lie.
class Health {
 public:
  bool ok() const { return state_.load(std::memory_order_acquire) == State::ok; }
  bool full() const { return state_.load(std::memory_order_acquire) == State::full; }
  bool poisoned() const { return state_.load(std::memory_order_acquire) == State::poisoned; }
  // ok; no_space while full; unavailable when poisoned.
  Status status() const;

  // The first reason is kept: what follows is mostly its echo.
  void set_full(const std::string& why);
  void poison(const std::string& why);
  // Takes an error of a write or a sync: no_space makes the store full, anything else poisons it.
  void take(const Error& error);
  // Back from full; does nothing when poisoned.
  void revive();

 private:
  enum class State { ok, full, poisoned };
  void move_to(State state, const std::string& why);

  std::atomic<State> state_{State::ok};
  mutable std::mutex mutex_;
  std::string why_;
};

}  // namespace spind::kv
