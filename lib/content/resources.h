// What uploads and readers of one store share.
#pragma once

#include "content/claims.h"
#include "content/frame_codec.h"
#include "content/memory_budget.h"
#include "content/vaults.h"
#include "content/worker_pool.h"

namespace spind::content {

inline constexpr std::size_t kWorkerCount = 4;

inline constexpr std::size_t kFarWorkerCount = 16;

// How a reader in sequence is kept from waiting.
struct ReadingAhead {
  std::size_t windows = 3;  // so many are read ahead, by several workers at once
  bool far = false;         // each request takes long, however little it asks for
};

struct Resources {
  Vaults& vaults;
  Claims& claims;
  // Whoever holds memory for a large piece can always go on without more, so waiting for it while
  // holding memory for a small one ends.
  MemoryBudget& small_pieces;
  MemoryBudget& large_pieces;
  MemoryBudget& reading;
  WorkerPool& workers;
  FrameCodec& codec;
  const ReadingAhead ahead;
};

}  // namespace spind::content
