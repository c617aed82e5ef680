// Many files at once: a bounded queue, and threads that take from it.
//
//   Workers<Job> workers(16, [&](Job job) { store(job); });
//   workers.add(Job{...});       // waits while the queue is full
//   workers.finish();            // all jobs are done
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace spind::tool {

// add and finish are for one thread.
template <class Job>
class Workers {
 public:
  Workers(std::size_t threads, std::function<void(Job)> run) : run_(std::move(run)) {
    queued_max_ = threads * 4;
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Workers() { finish(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void add(Job job) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return queue_.size() < queued_max_; });
    queue_.push_back(std::move(job));
    lock.unlock();
    some_.notify_one();
  }

  void finish() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    some_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      some_.wait(lock, [&] { return ended_ || !queue_.empty(); });
      if (queue_.empty()) return;
      Job job = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      room_.notify_one();
      run_(std::move(job));
    }
  }

  const std::function<void(Job)> run_;
  std::size_t queued_max_ = 0;
  std::mutex mutex_;
  std::condition_variable some_, room_;
  std::deque<Job> queue_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace spind::tool
