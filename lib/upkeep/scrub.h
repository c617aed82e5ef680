// Reads and verifies all stored bytes, slowly, and remembers how far it came.
//
// Pieces first, then attachments, each kind in the order of its rows. No snapshot is held while it
// waits for its rate, so a scrub of weeks keeps nothing from being removed. The position is written
// once what was found before it has been told: a crash makes it read again, never pass over.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "content/content.h"
#include "kv/kv.h"
#include "spind/upkeep.h"

namespace spind::upkeep {

// Thread-safe: one run at a time. Outlived by the store and the content.
class Scrubber {
 public:
  Scrubber(kv::Store& kv, content::Content& content, Clock& clock)
      : kv_(kv), content_(content), clock_(clock) {}

  Result<ScrubReport> run(const ScrubOptions& options);
  // The same, unless the last whole one ended less than `period_ms` ago. None: it did.
  Result<std::optional<ScrubReport>> run_if_due(const ScrubOptions& options,
                                                std::int64_t period_ms);
  // Runs end with cancelled, from now on.
  void stop();

  struct Metrics {
    std::uint64_t bytes = 0, findings = 0;  // since the store was opened
    std::int64_t completed_ms = 0;          // when the last whole one ended; 0: never
  };
  Metrics metrics() const;

 private:
  class Run;
  kv::Store& kv_;
  content::Content& content_;
  Clock& clock_;
  std::mutex running_;
  std::mutex stop_mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;  // guarded by stop_mutex_
  std::atomic<std::uint64_t> bytes_{0}, findings_{0};
};

}  // namespace spind::upkeep
