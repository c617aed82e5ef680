// Something that is done again and again on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/threads.h"
#include "spind/options.h"

namespace spind {

// For the first time when one period has passed. Destroyed: the token is cancelled, and the thread
// joined.
class Periodic {
 public:
  using Body = std::function<void(const CancelToken& cancel)>;
  Periodic(Threads& threads, std::string name, std::chrono::milliseconds period, Body body);
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  void run();

  const std::chrono::milliseconds period_;
  const Body body_;
  CancelToken cancel_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::unique_ptr<Thread> thread_;  // last: all else is there before it runs
};

}  // namespace spind
