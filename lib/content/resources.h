// What uploads and readers of one store share.
#pragma once

#include "content/claims.h"
#include "content/frame_codec.h"
#include "content/frames.h"
#include "content/memory_budget.h"
#include "content/reading_shares.h"
#include "content/vaults.h"
#include "content/worker_pool.h"

namespace spind::content {

inline constexpr std::size_t kWorkerCount = 4;

inline constexpr std::size_t kFarWorkerCount = 16;

// What is read in one go, in sequence or by a large read. Small enough to be still in the
// processor's cache when it is verified and copied.
inline constexpr std::uint32_t kWindowFrames = 4;
inline constexpr std::size_t kWindowBytes = kWindowFrames * kFrameBytesMax;
// What one request asks for.
inline constexpr std::uint32_t kReadFramesMax = 32;

// How a reader in sequence is kept from waiting, as far as its share of the memory goes.
struct ReadingAhead {
  std::size_t windows = 3;  // so many are read ahead, by several workers at once
  std::uint32_t window_frames = kWindowFrames;
  bool far = false;  // each request takes long, however little it asks for
};

struct Resources {
  Vaults& vaults;
  Claims& claims;
  // Whoever holds memory for a large piece can always go on without more, so waiting for it while
  // holding memory for a small one ends.
  MemoryBudget& small_pieces;
  MemoryBudget& large_pieces;
  ReadingShares& reading;
  WorkerPool& workers;
  FrameCodec& codec;
  const ReadingAhead ahead;
};

}  // namespace spind::content
