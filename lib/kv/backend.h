// What a store stands on: rows in order with a latest state, snapshots of it, and a log whose sync
// makes it durable. Ownership, overlays, tickets and group syncs are built on top once, for every
// backend, in PartitionedStore.
#pragma once

#include "kv/health.h"
#include "kv/kv.h"
#include "kv/write_set.h"

namespace spind::kv {

// The tickets that a commit takes. Ranges follow each other without gaps in the order in which
// snapshots show the commits; the last one names the commit.
struct TicketRange {
  Ticket first = 0;
  Ticket last = 0;
};

// Thread-safe.
class Backend {
 public:
  virtual ~Backend() = default;

  // The latest state, synced or not.
  virtual Result<std::optional<std::string>> get(Family family, std::string_view key) = 0;
  virtual std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                                       std::string_view end) = 0;

  // Whether there is room for a write. An error refuses that write and changes nothing.
  virtual Status admit(bool may_use_reserve) = 0;
  // Applies all or nothing. An error goes to health().
  virtual Result<TicketRange> write(const WriteSet& writes) = 0;
  // Of the latest state; its ticket is exactly the last that it holds. Null after a reopen failed.
  virtual SnapshotRef snapshot() = 0;
  // Makes durable what any snapshot taken before shows. An error goes to health().
  virtual Status sync() = 0;

  // From full back to work: what was synced is there, the rest may be. The state found is named
  // `at`. Called while nobody else calls; older snapshots answer `unavailable` from then on.
  virtual Status reopen(Ticket at) = 0;

  virtual Status checkpoint(const std::string& folder) = 0;

  // See Store.
  virtual Status forget_replaced(std::span<const Range> ranges) = 0;

  virtual Ticket oldest_snapshot() = 0;
  virtual void measure(Store::Metrics& metrics) = 0;

  Health& health() { return health_; }

 private:
  Health health_;
};

}  // namespace spind::kv
