// Frees a RocksDB that stopped its writers and then forgot to flush: 7.8 can end a stall check with
// nothing scheduled, and nobody would ever write again.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "base/threads.h"

namespace spind::kv {

// Thread-safe.
class StallWatch {
 public:
  // `look` is called every second, from a thread of the watch.
  StallWatch(Threads& threads, std::function<void()> look);
  ~StallWatch();

 private:
  void run();

  std::function<void()> look_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace spind::kv
