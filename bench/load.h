// Makes load: threads that call one thing again and again, and bytes that do not compress.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "side_by_side.h"

namespace spind::bench {

struct Load {
  unsigned threads = 1;
  double seconds = 2;
  unsigned units_per_call = 1;  // what one call counts for in the rate
  unsigned time_each_nth = 1;   // calls too short to be timed one by one: time every n-th
  const std::atomic<bool>* over = nullptr;  // no call begins when it is set
};

// `call(thread, n)` is the n-th call of that thread. All threads begin together, and a call that
// was begun in time is counted whole, with the time that it took.
using Call = std::function<void(unsigned thread, std::uint64_t n)>;
Sample run_load(const Load& load, const Call& call);

// Random bytes out of a fixed seed; any two slices differ.
class RandomBytes {
 public:
  explicit RandomBytes(std::uint64_t seed);

  // `size_bytes` bytes, the same for the same `which`. Borrowed from `room`, which is overwritten.
  std::span<const std::uint8_t> slice(std::uint64_t which, std::size_t size_bytes,
                                      std::vector<std::uint8_t>& room) const;

 private:
  std::vector<std::uint8_t> pool_;
};

}  // namespace spind::bench
