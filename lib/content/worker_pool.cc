#include "content/worker_pool.h"

#include <system_error>
#include <utility>

namespace spind::content {

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();  // joins
}

void WorkerPool::run(std::function<void()> task) {
  {
    std::unique_lock lock(mutex_);
    if (!have_worker()) {
      lock.unlock();
      return task();
    }
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

// Under mutex_. Where the system gives no thread, those that are there do the work; without any,
// who hands a task in does it.
bool WorkerPool::have_worker() {
  if (threads_.size() == thread_count_) return true;
  try {
    threads_.push_back(source_.start("spind-content", [this] { work(); }));
  } catch (const std::system_error&) {
  }
  return !threads_.empty();
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds is let go before the lock is taken again
    lock.lock();
  }
}

}  // namespace spind::content
