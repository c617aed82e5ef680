// Memory that may be used for content that is on its way.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "spind/result.h"

namespace spind::content {

// How long an upload or a reader waits for memory before it answers unavailable.
inline constexpr std::int64_t kMemoryWaitMs = 30'000;

// Thread-safe. Outlives its leases.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t size_bytes)
      : free_bytes_(size_bytes), all_bytes_(size_bytes) {}

  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept { *this = std::move(other); }
    Lease& operator=(Lease&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Lease() {
      if (budget_ != nullptr) budget_->give_back(bytes_);
    }

    std::uint64_t size_bytes() const { return bytes_; }

   private:
    friend class MemoryBudget;
    Lease(MemoryBudget* budget, std::uint64_t bytes) : budget_(budget), bytes_(bytes) {}
    MemoryBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  // Waits for at most kMemoryWaitMs, then unavailable; `interrupt`, if any, is asked meanwhile.
  // More than there is at all counts as all.
  Result<Lease> take(std::uint64_t bytes, const std::function<Status()>& interrupt);
  // None if there is not that much, not even within the patience.
  std::optional<Lease> try_take(std::uint64_t bytes,
                                std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  std::uint64_t all_bytes() const { return all_bytes_; }
  std::uint64_t used_bytes();

 private:
  void give_back(std::uint64_t bytes);

  std::mutex mutex_;
  std::condition_variable freed_;
  std::uint64_t free_bytes_;
  const std::uint64_t all_bytes_;
};

}  // namespace spind::content
