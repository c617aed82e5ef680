// Says that files are stored, once they are durable: it gathers what the workers wrote, waits for
// many with one sync, and then reports each.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "transfer.h"

namespace spind::tool {

struct StoredFile {
  std::string path;
  Written written;
};

// add and finish may be called from any thread.
class Acknowledger {
 public:
  // `waiting` must be a session that an interrupt does not cancel.
  Acknowledger(Transfer& transfer, Session waiting);
  ~Acknowledger();
  Acknowledger(const Acknowledger&) = delete;
  Acknowledger& operator=(const Acknowledger&) = delete;

  // Waits while very much is unacknowledged.
  void add(StoredFile file);
  // Returns when all that was added is reported.
  void finish();

 private:
  void work();
  void acknowledge(const std::vector<StoredFile>& batch);

  Transfer& transfer_;
  const Session waiting_;
  std::mutex mutex_;
  std::condition_variable some_, room_;
  std::vector<StoredFile> pending_;
  std::uint64_t pending_bytes_ = 0;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace spind::tool
