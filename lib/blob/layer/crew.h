// Threads that do several things at once for whoever waits for all of them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/threads.h"

namespace spind {

// Thread-safe.
class Crew {
 public:
  // Borrows `threads`.
  Crew(Threads& threads, std::size_t size);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Calls work(0) … work(count - 1), some of them at once, and returns when all have returned. The
  // caller's thread works as well, so it never waits for a crew that is busy with others.
  void run(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  struct Job {
    const std::function<void(std::size_t)>& work;
    const std::size_t count;
    std::size_t next = 0, done = 0;  // under mutex_
  };
  // Does one more part of the job; false if all of it has been begun.
  bool do_next(Job& job, std::unique_lock<std::mutex>& lock);
  void serve();

  std::mutex mutex_;
  std::condition_variable wanted_, finished_;
  std::deque<std::shared_ptr<Job>> jobs_;
  bool ending_ = false;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace spind
