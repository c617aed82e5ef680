// Calls back when tickets become durable, from a thread of its own that waits like any other
// waiter. The thread starts with the first callback that has to wait.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "base/threads.h"
#include "kv/group_sync.h"

namespace spind::kv {

// Thread-safe. Destroying it first calls all that are due.
class DurableCallbacks {
 public:
  using Done = std::function<void(Status)>;

  DurableCallbacks(GroupSync& sync, Threads& threads) : sync_(sync), threads_(threads) {}
  ~DurableCallbacks();

  void add(Ticket ticket, Done done);

 private:
  void run();
  void call_settled();

  GroupSync& sync_;
  Threads& threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Ticket, Done> waiting_;
  bool stopping_ = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace spind::kv
