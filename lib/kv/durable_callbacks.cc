#include "kv/durable_callbacks.h"

#include <utility>
#include <vector>

namespace spind::kv {

DurableCallbacks::~DurableCallbacks() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.reset();
}

void DurableCallbacks::add(Ticket ticket, Done done) {
  if (auto verdict = sync_.verdict(ticket)) return done(std::move(*verdict));
  const std::lock_guard lock(mutex_);
  waiting_.emplace(ticket, std::move(done));
  if (thread_ == nullptr) thread_ = threads_.start("spind-kv-sync", [this] { run(); });
  changed_.notify_all();
}

void DurableCallbacks::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Ticket first = waiting_.begin()->first;
    lock.unlock();
    // Its verdict is asked for again below, for each callback.
    (void)sync_.wait(first, 0);
    call_settled();
    lock.lock();
  }
}

void DurableCallbacks::call_settled() {
  std::vector<std::pair<Done, Status>> due;
  {
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty()) {
      auto verdict = sync_.verdict(waiting_.begin()->first);
      if (!verdict) break;
      due.emplace_back(std::move(waiting_.begin()->second), std::move(*verdict));
      waiting_.erase(waiting_.begin());
    }
  }
  for (auto& [done, status] : due) done(std::move(status));
}

}  // namespace spind::kv
