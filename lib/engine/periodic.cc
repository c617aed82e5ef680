#include "engine/periodic.h"

#include <algorithm>

namespace spind::engine {
namespace {

// Longer than that is as good as never, and would overflow the clock.
constexpr std::chrono::milliseconds kPeriodMax = std::chrono::hours(24 * 366);

}  // namespace

Periodic::Periodic(Threads& threads, std::string name, std::chrono::milliseconds period, Body body)
    : period_(std::min(period, kPeriodMax)), body_(std::move(body)) {
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

}  // namespace spind::engine
