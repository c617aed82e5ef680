#include "kv/rocksdb/stall_watch.h"

#include <chrono>

namespace spind::kv {

StallWatch::StallWatch(Threads& threads, std::function<void()> look) : look_(std::move(look)) {
  thread_ = threads.start("spind-kv-watch", [this] { run(); });
}

StallWatch::~StallWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_.notify_all();
  }
  thread_.reset();
}

void StallWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; })) {
    lock.unlock();
    look_();
    lock.lock();
  }
}

}  // namespace spind::kv
