// A few threads that run what is handed to them, in order.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "base/threads.h"

namespace spind::content {

// Thread-safe. Runs all that was handed in before it is destroyed. The threads begin with the first
// tasks. Whoever hands tasks in bounds their number.
class WorkerPool {
 public:
  WorkerPool(Threads& threads, std::size_t thread_count)
      : source_(threads), thread_count_(thread_count) {}
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void run(std::function<void()> task);

 private:
  bool have_worker();
  void work();

  Threads& source_;
  const std::size_t thread_count_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace spind::content
