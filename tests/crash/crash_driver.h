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
  explicit CrashDriver(std::uint64_t seed);

  // One run of the writer that ends in a kill, and what was found after it.
  void kill_once(Aftermath& tally);
  std::uint64_t acknowledged() const { return ledger_.acknowledged_count(); }

 private:
  void run_writer(Aftermath& tally);
  void listen(WorkerProcess& process, Aftermath& tally);
  void judge(Aftermath& tally);

  std::uint64_t seed_;
  std::mt19937_64 random_;
  TemporaryFolder folder_;
  Ledger ledger_;
};

}  // namespace spind::test
