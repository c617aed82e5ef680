// A space as it was, and the memory that going there takes.
#pragma once

#include <memory>
#include <vector>

#include "content/memory_budget.h"
#include "model/records.h"
#include "space/row_cache.h"

namespace spind::ops {

// What a call that looks at the past reads instead of the newest durable snapshot. The rows that
// differ are in memory, the rest is in the snapshot below. Thread-safe.
struct Past {
  kv::SnapshotRef snapshot;
  // The store's own cache holds folders as they are now.
  std::unique_ptr<space::RowCache> rows;
  std::vector<content::MemoryBudget::Lease> memory;
};

// Takes memory from a budget as it is needed. One thread at a time.
class GrowingLease {
 public:
  explicit GrowingLease(content::MemoryBudget& budget) : budget_(budget) {}
  // limit_exceeded: there is not that much at all; unavailable: others have it.
  Status grow_to(std::uint64_t bytes);
  std::vector<content::MemoryBudget::Lease> take() && { return std::move(leases_); }

 private:
  content::MemoryBudget& budget_;
  std::vector<content::MemoryBudget::Lease> leases_;
  std::uint64_t held_bytes_ = 0;
};

// The entry that the point means. invalid_argument: not exactly one is given, or it is not there
// yet; cursor_too_old: it lies below the floor.
Result<EntryNumber> find_entry(const kv::View& view, const SpaceId& space, const model::Head& head,
                               const Point& point);

}  // namespace spind::ops
