// A whole store on a disk whose power is cut in the middle of its work, again and again.
#pragma once

#include <random>

#include "powercut/power_cut_disk.h"
#include "support/harness.h"
#include "support/store/aftermath.h"

namespace spind::test {

// One thread at a time.
class PowerCutRun {
 public:
  explicit PowerCutRun(std::uint64_t seed);

  // Opens, writes and reads until the power goes, and looks at what is left.
  void cut_once(Aftermath& aftermath);
  std::uint64_t acknowledged() const { return ledger_.acknowledged_count(); }

 private:
  void work(PowerCutDisk& disk, Aftermath& aftermath);
  void write_until_cut(const Store& store, std::uint32_t writer, std::mutex& ledger_mutex);
  void watch_until_cut(const Store& store, const PowerCutDisk& disk);
  void look_after_until_cut(const Store& store, const PowerCutDisk& disk, Aftermath& aftermath);
  static Status load_beside(const Session& session, std::uint64_t round);
  void judge(Aftermath& aftermath);

  std::uint64_t seed_;
  std::mt19937_64 random_;
  TemporaryFolder folder_;
  Ledger ledger_;
  EntryNumber entry_seen_ = 0;  // by the watcher: what it saw must not be gone later
};

}  // namespace spind::test
