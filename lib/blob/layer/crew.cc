#include "blob/layer/crew.h"

namespace spind {

Crew::Crew(Threads& threads, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    threads_.push_back(threads.start("spind-mirror", [this] { serve(); }));
}

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wanted_.notify_all();
  threads_.clear();
}

bool Crew::do_next(Job& job, std::unique_lock<std::mutex>& lock) {
  if (job.next == job.count) return false;
  const std::size_t part = job.next++;
  lock.unlock();
  job.work(part);
  lock.lock();
  if (++job.done == job.count) finished_.notify_all();
  return true;
}

void Crew::run(std::size_t count, const std::function<void(std::size_t)>& work) {
  const auto job = std::make_shared<Job>(Job{work, count});
  std::unique_lock lock(mutex_);
  for (std::size_t helper = 1; helper < count; ++helper) jobs_.push_back(job);
  lock.unlock();
  wanted_.notify_all();
  lock.lock();
  while (do_next(*job, lock)) {
  }
  finished_.wait(lock, [&] { return job->done == count; });
}

void Crew::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (ending_) return;  // nobody waits: whoever calls run() keeps the crew alive
    const std::shared_ptr<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    while (do_next(*job, lock)) {
    }
  }
}

}  // namespace spind
