// A store whose blobs lie in a bucket, seen from both sides: what its rows refer to, and what the
// bucket lists.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "engine/seams.h"
#include "spind/blob_store.h"
#include "spind/store.h"
#include "support/harness.h"

namespace spind::test {

// What rows refer to and nobody lists, and the other way round.
struct ListingDifference {
  std::uint64_t missing = 0, orphans = 0;
  std::string text{};  // the names
};
ListingDifference compare_listing(kv::Store& rows, BlobStore& blobs);

// The system's, and a test may let time pass. Thread-safe.
class ShiftedClock : public Clock {
 public:
  std::int64_t wall_ns() override { return Clock::system().wall_ns() + ahead_ns_; }
  std::int64_t monotonic_ns() override { return Clock::system().monotonic_ns() + ahead_ns_; }
  void advance(std::chrono::nanoseconds time) { ahead_ns_ += time.count(); }

 private:
  std::atomic<std::int64_t> ahead_ns_ = 0;
};

// One thread at a time; what it gives out is as thread-safe as it says.
class FarStore {
 public:
  explicit FarStore(std::string folder) : folder_(std::move(folder)) {}

  // Made where it is not there. Does nothing but what it is asked for: no upkeep of its own.
  Status open(std::shared_ptr<BlobStore> blobs);
  void close() { store_.reset(); }
  bool is_open() const { return store_.has_value(); }
  Store& store() { return *store_; }
  kv::Store& rows() { return *rows_; }
  ShiftedClock& clock() { return clock_; }
  // Lets the time pass that unreferenced bytes are kept for, and collects until nothing goes.
  Status collect_past_grace();

  static constexpr std::uint64_t kMemoryBytes = 64ull << 20;

 private:
  std::string folder_;
  ShiftedClock clock_;
  kv::Store* rows_ = nullptr;
  std::optional<Store> store_;
};

}  // namespace spind::test
