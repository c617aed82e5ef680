// Moves the floors of all spaces as their policies say, and erases what they have passed.
#pragma once

#include <atomic>
#include <mutex>

#include "base/clock_drift.h"
#include "content/content.h"
#include "upkeep/purged_erasure.h"

namespace spind::upkeep {

// Rows that wait for a floor are counted up to so many a space.
inline constexpr std::uint64_t kBacklogRowsMax = 100'000;

// Thread-safe: one run at a time. Outlived by the store and the content.
class Reclaimer {
 public:
  Reclaimer(kv::Store& kv, content::Content& content, Clock& clock, std::uint64_t epoch)
      : kv_(kv), content_(content), clock_(clock), clocks_(clock), epoch_(epoch) {}

  // Adds to the report. A space that cannot be read stops nobody else's; the first such error is
  // the answer at the end.
  Status run(const CollectOptions& options, CollectReport& report);

  struct Metrics {
    // As the last run left them.
    std::uint64_t waiting_rows = 0, waiting_seconds = 0, waiting_spaces = 0;
    // Since the store was opened.
    std::uint64_t entries = 0, nodes = 0, versions = 0, spaces = 0;
  };
  Metrics metrics() const;

 private:
  class Run;
  kv::Store& kv_;
  content::Content& content_;
  Clock& clock_;
  const ClockDrift clocks_;
  const std::uint64_t epoch_;
  std::mutex running_;
  std::atomic<std::uint64_t> waiting_rows_{0}, waiting_seconds_{0}, waiting_spaces_{0};
  std::atomic<std::uint64_t> entries_{0}, nodes_{0}, versions_{0}, spaces_{0};
};

}  // namespace spind::upkeep
