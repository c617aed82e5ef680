// Makes frames smaller, and as long again as they were, with zstd.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/bytes.h"
#include "spind/result.h"

namespace spind::content {

// How many may work at once, and with it the memory, is bounded: who comes while all benches are
// taken waits, for the time that a frame takes. Thread-safe.
class FrameCodec {
 public:
  // What one bench takes: zstd's tables both ways, and a frame.
  static constexpr std::uint64_t kBenchBytes = 1024 * 1024;

  // There is a bench for each processor, if they take no more than `memory_bytes`; but at least
  // one.
  explicit FrameCodec(std::uint64_t memory_bytes);
  ~FrameCodec();

  // What is left of the frame, written to `out`, where the frame itself may lie; at least as long
  // as the frame. 0: too little would be saved, and `out` is as it was.
  std::size_t shrink(Bytes frame, std::uint8_t* out);
  // The other way round: what is left lies at the beginning of `place`, and the frame is to fill
  // all of it. corruption: it does not, whatever the bytes are.
  Status grow(std::span<std::uint8_t> place, std::size_t shrunk_bytes);

  std::uint64_t memory_bytes_max() const { return benches_max_ * kBenchBytes; }
  std::uint64_t memory_bytes();

 private:
  struct Bench;
  class Working;

  const std::size_t benches_max_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t benches_ = 0;  // that there are, free or not
  std::vector<std::unique_ptr<Bench>> free_;
};

}  // namespace spind::content
