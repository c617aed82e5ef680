// Starts the writer, kills it at a random moment, and holds the store against what was promised.
#pragma once

#include <random>
#include <string>

#include "support/harness.h"
#include "support/store/ledger.h"

namespace spind::test {

struct CrashTally {
  std::uint64_t kills = 0, acknowledged = 0, lost = 0, torn = 0, check_findings = 0, orphans = 0;
  std::string text{};  // what was found first

  bool clean() const { return lost + torn + check_findings + orphans == 0 && text.empty(); }
};

// One store that is killed again and again. One thread at a time.
class CrashDriver {
 public:
  explicit CrashDriver(std::uint64_t seed);

  // One run of the writer that ends in a kill, and what was found after it.
  void kill_once(CrashTally& tally);
  std::uint64_t acknowledged() const { return ledger_.acknowledged_count(); }

 private:
  void run_writer(CrashTally& tally);
  void listen(int pipe, int child, CrashTally& tally);
  void hear(const char* bytes, std::size_t size, CrashTally& tally);
  void judge(CrashTally& tally);

  std::uint64_t seed_;
  std::mt19937_64 random_;
  TemporaryFolder folder_;
  Ledger ledger_;
  std::string heard_;  // of a record that has not come whole
};

}  // namespace spind::test
