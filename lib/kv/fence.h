// Ends all writing to a store while it is open, because what it stands for has become another's.
// Reads go on, and what was written before becomes durable.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "kv/kv.h"

namespace spind::kv {

// Thread-safe.
class Fence {
 public:
  // From now on nothing is written. The first reason is kept.
  void close(const Error& why);
  // ok, or why nothing is written.
  Status may_write() const;

 private:
  std::atomic<bool> closed_{false};
  mutable std::mutex mutex_;
  Error why_;
};

// The store below as long as the fence, which must outlive it, is open; then its updates and its
// health answer the reason.
std::unique_ptr<Store> fence_writes(std::unique_ptr<Store> below, const Fence& fence);

}  // namespace spind::kv
