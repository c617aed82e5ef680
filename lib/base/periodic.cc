#include "base/periodic.h"

#include <algorithm>

#include "base/clock.h"

namespace spind {
Periodic::Periodic(Threads& threads, std::string name, std::chrono::milliseconds period, Body body)
    : period_(std::min(period, kTimeMax)), body_(std::move(body)) {
  thread_ = threads.start(std::move(name), [this] { run(); });
}

Periodic::~Periodic() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  cancel_.cancel();
  ended_.notify_all();
  thread_.reset();
}

void Periodic::run() {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, period_, [this] { return ending_; })) {
    lock.unlock();
    body_(cancel_);
    lock.lock();
  }
}

}  // namespace spind
