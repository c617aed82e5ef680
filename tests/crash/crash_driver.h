// Starts the writer, kills it at a random moment, and holds the store against what was promised.
#pragma once

#include <random>
#include <string>

#include "support/harness.h"
#include "support/store/aftermath.h"

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
  void listen(int pipe, int child, Aftermath& tally);
  void hear(const char* bytes, std::size_t size, Aftermath& tally);
  void judge(Aftermath& tally);

  std::uint64_t seed_;
  std::mt19937_64 random_;
  TemporaryFolder folder_;
  Ledger ledger_;
  std::string heard_;  // of a record that has not come whole
};

}  // namespace spind::test
