#include "kv/health.h"

namespace spind::kv {

Status Health::status() const {
  if (ok()) return {};
  const std::lock_guard lock(mutex_);
  switch (state_.load(std::memory_order_relaxed)) {
    case State::ok: return {};
    case State::full: return Error{Code::no_space, "the device is full: " + why_};
    case State::poisoned: break;
  }
  return Error{Code::unavailable, "the store must be opened by a new process: " + why_};
}

void Health::set_full(const std::string& why) { move_to(State::full, why); }

void Health::poison(const std::string& why) { move_to(State::poisoned, why); }

void Health::take(const Error& error) {
  error.code == Code::no_space ? set_full(error.text) : poison(error.to_string());
}

void Health::move_to(State state, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (state_.load(std::memory_order_relaxed) >= state) return;
  why_ = why;
  state_.store(state, std::memory_order_release);
}

void Health::revive() {
  const std::lock_guard lock(mutex_);
  if (full()) state_.store(State::ok, std::memory_order_release);
}

}  // namespace spind::kv
