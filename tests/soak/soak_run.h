// Soaks one store: lives of a worker that end in a kill, and long ones in which it is measured.
#pragma once

#include <random>
#include <vector>

#include "soak/soak_clock.h"
#include "soak/soak_sample.h"
#include "support/harness.h"
#include "support/store/aftermath.h"
#include "support/store/worker_process.h"

namespace spind::test {

// One thread at a time.
class SoakRun {
 public:
  explicit SoakRun(std::uint64_t seed);

  // A life that ends in a kill at a random moment.
  void short_life();
  // One that is measured whenever it is quiet: for so long and so many samples at least. Then it
  // ends by itself.
  void long_life(std::chrono::seconds length, std::size_t samples_min);

  // What was found wrong after each life, and in it.
  const Aftermath& aftermath() const { return aftermath_; }
  const std::vector<SoakSample>& samples() const { return samples_; }

 private:
  using Time = WorkerProcess::Time;

  std::vector<std::string> command();
  void take(const WorkerRecord& record);
  void sample(const WorkerProcess& worker);
  void judge();

  const std::uint64_t seed_;
  const Time::time_point begin_;
  std::mt19937_64 random_;
  std::int64_t begin_ns_;      // of the clocks of all workers
  std::int64_t ahead_ns_ = 0;  // how far they were set ahead by now
  TemporaryFolder folder_;
  Ledger ledger_;
  SoakSample now_;
  std::vector<SoakSample> samples_;
  Aftermath aftermath_;
};

}  // namespace spind::test
