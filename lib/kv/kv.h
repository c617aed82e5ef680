// Ordered keys, snapshots and partition-owned transactions.
//
// A partition is the unit of write ownership and of distribution: every key begins with the key of
// its partition. A body reads the latest state of the partitions that it owns and fills one batch,
// which is committed whole or not at all. Commits are ordered by tickets; a ticket is durable when
// a group sync has covered it. Readers see only the durable snapshot.
//
// Must not know what a key or a value means. Implemented over RocksDB (kv/rocksdb) and over an
// ordered map in memory (kv/memory); tests/unit/kv holds the suite that both pass.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "spind/result.h"

namespace spind::kv {

// A family holds keys of one access pattern. A commit over several families is atomic.
enum class Family : std::uint8_t {
  state,       // small hot rows: nodes, locators, heads, catalogue
  journal,     // append only: skeletons and payloads
  attachment,  // values of up to 16 KiB, kept apart from their keys
  content,     // pieces, holders, queues
};
inline constexpr std::size_t kFamilyCount = 4;

// Names the state after a commit. Tickets grow from commit to commit, with gaps; ticket 0 is the
// state at open.
using Ticket = std::uint64_t;

// Walks keys in byte order, or against it. Holds its snapshot. One thread at a time. Key and value
// are borrowed until the next call.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool valid() const = 0;  // false at the end and after an error
  // Also where status() is key_unavailable: that of the row that cannot be opened.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual void next() = 0;
  virtual Status status() const = 0;  // corruption, io_error, key_unavailable; ok at the plain end
};

// What can be read from: a snapshot, or the inside of a transaction.
class View {
 public:
  virtual ~View() = default;
  virtual Result<std::optional<std::string>> get(Family family, std::string_view key) const = 0;
  // Keys k with begin <= k < end. Over a transaction: with the writes made before the call.
  virtual std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                                       std::string_view end) const = 0;
  // The same for whoever wants the keys alone: no value may be asked for. Rows that cannot be
  // opened are there too.
  virtual std::unique_ptr<Cursor> scan_keys(Family family, std::string_view begin,
                                            std::string_view end) const {
    return scan(family, begin, end);
  }
};

// An immutable state. Thread-safe.
class Snapshot : public View {
 public:
  // The last ticket that it holds.
  virtual Ticket ticket() const = 0;
  // As scan, from the last key before `end` down to `begin`: next() goes to the key before.
  virtual std::unique_ptr<Cursor> scan_back(Family family, std::string_view begin,
                                            std::string_view end) const = 0;
};
using SnapshotRef = std::shared_ptr<const Snapshot>;

// What a body works on. Reads see the latest committed state, durable or not, and the body's own
// writes; so only rows of owned partitions may be read and written (checked in debug builds).
// Keys and values are copied. One thread at a time; dead when the body returns.
class Transaction : public View {
 public:
  virtual void put(Family family, std::string_view key, std::string_view value) = 0;
  virtual void erase(Family family, std::string_view key) = 0;
  // As put and erase, and the row is handed to the observer once it is durable: its last value in
  // the commit, even if that was put without being announced.
  virtual void put_announced(Family family, std::string_view key, std::string_view value) = 0;
  virtual void erase_announced(Family family, std::string_view key) = 0;
  // Whether the partition is owned by this run of the body.
  virtual bool owns(std::string_view partition) const = 0;
  // Memory that the writes take so far, about.
  virtual std::size_t memory_bytes() const = 0;
  // The commit helps to free space (a removal does), so it may eat into the free-space reserve.
  virtual void use_reserve() {}
};

// Keys k with begin <= k < end.
struct Range {
  Family family;
  std::string begin, end;
};

struct Row {
  Family family;
  std::string key;
  std::optional<std::string> value;  // none: erased
};

// Told of announced rows, in commit order, after they are durable and before the snapshot that
// holds them is published. Called by one thread at a time; must not call the store.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void publishing(Ticket ticket, std::span<const Row> rows) = 0;
  virtual void published(Ticket ticket) = 0;  // the snapshot of `ticket` is now the durable one
  // The store was opened anew; what became of commits that no sync had covered was not announced:
  // forget all that was heard. Before the snapshot of what was found is published.
  virtual void reopened() {}
};

// What a body answers.
struct Commit {};
struct Need {  // run me again owning these as well
  std::vector<std::string> partitions;
};
using Outcome = std::variant<Commit, Need, Error>;  // Error: refuse, and write nothing
using Body = std::function<Outcome(Transaction&)>;

// What update answers. When `status` is the body's refusal, or the body committed nothing, `ticket`
// names the state that the answer rests on: it must be waited for before the answer is given.
struct [[nodiscard]] Answer {
  Status status;
  Ticket ticket = 0;
};

// Thread-safe. Destroying it waits for running calls' callbacks, syncs, and closes.
class Store {
 public:
  virtual ~Store() = default;

  // Runs `body` owning `partitions` (any order, duplicates allowed) and writes its batch. A body
  // has no side effects that matter if it runs again, and no matter in which thread: bodies that
  // wait for the same partition may be run by one of the callers. Not yet durable when it returns:
  // see wait().
  // The store's own errors: unavailable (poisoned; the text says why), no_space (the reserve, or a
  // full device; where it fills just then, wait() answers it instead), io_error, aborted (the body
  // kept asking for more partitions).
  virtual Answer update(std::vector<std::string> partitions, const Body& body) = 0;

  // Returns when `ticket` is durable and published. `deadline_monotonic_ns` 0: none; on
  // deadline_exceeded the commit stands and may still become durable.
  virtual Status wait(Ticket ticket, std::int64_t deadline_monotonic_ns = 0) = 0;
  // The same of all that was written by now, but for what a full device has lost: where there is
  // room again, writing begins again first, as it does with an update.
  virtual Status catch_up(std::int64_t deadline_monotonic_ns = 0) = 0;
  // What wait would answer at once: none while the ticket is neither durable nor lost.
  virtual std::optional<Status> verdict(Ticket ticket) = 0;
  // Calls `done` once, from another thread or at once from this one. Never called under a lock.
  virtual void on_durable(Ticket ticket, std::function<void(Status)> done) = 0;

  // The published durable snapshot: cheap, shared, never null.
  virtual SnapshotRef durable() = 0;
  // The oldest ticket of which a snapshot is still held, by anyone: what a reader may still see.
  virtual Ticket oldest_snapshot() = 0;
  virtual Ticket latest() = 0;  // the last ticket given out

  // Copies a state not older than the durable one to `folder`, which is made, for open_rocksdb to
  // open: tables are shared by links where that can be. `unsupported` for a store in memory.
  virtual Status checkpoint(const std::string& folder) = 0;

  // For values that shall not linger: when it returns, what was replaced or erased under these keys
  // by now, and what no snapshot shows any more, is in no file that the store uses. Long: it
  // rewrites them.
  virtual Status forget_replaced(std::span<const Range> ranges) = 0;

  // Why writes are refused, or ok. A failed sync or a background error poisons; reads go on.
  virtual Status health() = 0;

  struct Metrics {
    std::uint64_t commits = 0, refusals = 0, reruns = 0, syncs = 0;
    std::uint64_t sync_group_buckets[16] = {};          // [i]: groups of 2^i … 2^(i+1)-1 commits
    std::uint64_t sync_group_commits = 0;               // sum over all groups
    std::uint64_t rows_written = 0, bytes_written = 0;  // of keys and values
    std::uint64_t memory_bytes = 0;                     // caches and write buffers
    std::uint64_t cache_hits = 0, cache_misses = 0, stall_micros = 0;
    std::uint64_t disk_bytes = 0;
    bool poisoned = false;
  };
  virtual Metrics metrics() = 0;
};

}  // namespace spind::kv
