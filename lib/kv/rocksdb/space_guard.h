// Keeps a reserve of free space on the device: writes are refused before RocksDB runs into the
// wall, where even compaction, which makes room, would fail.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/files.h"

namespace spind::kv {

// Thread-safe.
class SpaceGuard {
 public:
  SpaceGuard(Files& files, Clock& clock, std::string path, std::uint64_t reserve_bytes)
      : files_(files), clock_(clock), path_(std::move(path)), reserve_bytes_(reserve_bytes) {}

  // no_space below the reserve, or below a quarter of it for who may use it. Looks at the device
  // only now and then.
  Status admit(bool may_use_reserve);
  void wrote(std::uint64_t bytes) { wrote_bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  // Looks now: whether there is the reserve and room for a log to be replayed.
  Status admit_reopening();

 private:
  bool due() const;
  void probe();

  Files& files_;
  Clock& clock_;
  const std::string path_;
  const std::uint64_t reserve_bytes_;
  std::mutex probe_mutex_;
  std::atomic<std::uint64_t> free_bytes_{~std::uint64_t{0}};
  std::atomic<std::uint64_t> wrote_bytes_{0};
  std::atomic<std::int64_t> next_probe_ns_{0};
};

}  // namespace spind::kv
