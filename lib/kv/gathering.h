// How long a leader waits for more commits before it syncs.
//
// Writers that were just woken come back with their next commits. Where a sync takes long, it pays
// to let them board: one sync for all instead of two for half of them each. Where it is short, it
// is better that they write while it runs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spind::kv {

// One thread at a time: guarded by its owner.
class Gathering {
 public:
  struct Plan {
    std::size_t commits = 0;       // go when there are so many
    std::int64_t patience_ns = 0;  // or after so long
  };

  // For a round that begins now.
  Plan plan();
  // Whether the commits came in time: where they do not, later rounds do not wait for them.
  void waited(bool came);
  // `served` commits were covered by a sync that took `sync_ns`; `left` came while it ran.
  void round_done(std::size_t served, std::size_t left, std::int64_t sync_ns);

 private:
  std::size_t expected_ = 0;
  std::int64_t sync_ns_ = 0;  // a moving average
  int rounds_to_skip_ = 0;
  int skip_next_ = 1;
};

}  // namespace spind::kv
