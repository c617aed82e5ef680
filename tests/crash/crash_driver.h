// Starts the writer, kills it at a random moment, and holds the store against what was promised.
#pragma once

#include <random>

#include "support/harness.h"
#include "support/store/aftermath.h"
#include "support/store/worker_process.h"

namespace spind::test {

// One store that is killed again and again. One thread at a time.
class CrashDriver {
 public:
  // `far`: its blobs lie in another folder, by way of layers that fail now and then.
  explicit CrashDriver(std::uint64_t seed, bool far = false);

  // One run of the writer that ends in a kill, and what was found after it.
  void kill_once(Aftermath& tally);
  std::uint64_t acknowledged() const { return ledger_.acknowledged_count(); }

 private:
  void run_writer(Aftermath& tally);
  void listen(WorkerProcess& process, Aftermath& tally);
  void judge(Aftermath& tally);
  // Of the blobs; empty: they lie in the store's folder.
  std::string blob_folder() const { return far_ ? folder_ / "far/objects" : ""; }

  std::uint64_t seed_;
  const bool far_;
  std::mt19937_64 random_;
  TemporaryFolder folder_;
  Ledger ledger_;
};

}  // namespace spind::test
