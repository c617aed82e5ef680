#include "content/memory_budget.h"

#include <algorithm>
#include <chrono>

#include "base/try.h"

namespace spind::content {

Result<MemoryBudget::Lease> MemoryBudget::take(std::uint64_t bytes,
                                               const std::function<Status()>& interrupt) {
  constexpr std::int64_t kSliceMs = 100;
  bytes = std::min(bytes, all_bytes_);
  for (std::int64_t waited_ms = 0; waited_ms < kMemoryWaitMs; waited_ms += kSliceMs) {
    if (waited_ms > 0 && interrupt) SPIND_TRY(interrupt());
    std::unique_lock lock(mutex_);
    if (freed_.wait_for(lock, std::chrono::milliseconds(kSliceMs),
                        [&] { return free_bytes_ >= bytes; })) {
      free_bytes_ -= bytes;
      return Lease(this, bytes);
    }
  }
  return Error{.code = Code::unavailable,
               .text = "too many uploads and downloads for the memory budget"};
}

std::optional<MemoryBudget::Lease> MemoryBudget::try_take(std::uint64_t bytes,
                                                          std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_for(lock, patience, [&] { return free_bytes_ >= bytes; })) return std::nullopt;
  free_bytes_ -= bytes;
  return Lease(this, bytes);
}

std::uint64_t MemoryBudget::used_bytes() {
  const std::lock_guard lock(mutex_);
  return all_bytes_ - free_bytes_;
}

void MemoryBudget::give_back(std::uint64_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    free_bytes_ += bytes;
  }
  freed_.notify_all();
}

}  // namespace spind::content
