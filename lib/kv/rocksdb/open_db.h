// One opened RocksDB. A store that had to be opened anew in the same process has had several, one
// after the other: whoever still reads from an old one keeps it alive, and is told to let go.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <rocksdb/db.h>

#include "kv/kv.h"
#include "kv/rocksdb/db_events.h"
#include "kv/rocksdb/file_witness.h"
#include "kv/rocksdb/log_gaps.h"
#include "kv/rocksdb/tuning.h"

namespace spind::kv {

// Thread-safe. Destroying it closes RocksDB.
class OpenDb {
 public:
  struct Setting {
    std::string path;
    std::uint64_t memory_budget_bytes = 0;
    std::shared_ptr<rocksdb::FileSystem> file_system;
    std::function<void(std::string_view)> log;
    std::function<void(const Error&)> on_background_error;
    Ticket at = 0;  // what the state found is called
  };

  static Result<std::shared_ptr<OpenDb>> open(const Setting& setting);
  OpenDb(const OpenDb&) = delete;
  OpenDb& operator=(const OpenDb&) = delete;
  ~OpenDb();

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const { return families_; }
  Ticket ticket(rocksdb::SequenceNumber sequence) const {
    return setting_.at + (sequence - first_sequence_);
  }

  Result<std::optional<std::string>> get(const rocksdb::ReadOptions& options, Family family,
                                         std::string_view key);

  Status sync_log();

  Status checkpoint(const std::string& folder);

  Status forget_replaced(std::span<const Range> ranges);

  const rocksdb::Snapshot* take_snapshot();
  void release(const rocksdb::Snapshot* snapshot);
  Ticket oldest_snapshot() const;

  // Readers shall let go. The future is there when RocksDB is closed.
  std::shared_future<void> start_closing();
  bool closing() const { return closing_.load(std::memory_order_acquire); }

  // Names what went wrong: no_space only where that is all that went wrong.
  Error error(const rocksdb::Status& status, std::string_view doing) const;
  bool stopped() const { return events_->stopped(); }
  void measure(Store::Metrics& metrics);

 private:
  explicit OpenDb(const Setting& setting);
  Status start();

  const Setting setting_;
  std::shared_ptr<FileWitness> witness_;
  std::shared_ptr<DbEvents> events_;
  std::unique_ptr<rocksdb::Env> env_;
  LogGaps gaps_;
  Tuning tuning_;
  rocksdb::DB* db_ = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  rocksdb::SequenceNumber first_sequence_ = 0;

  std::atomic<bool> closing_{false};
  std::promise<void> closed_;
  std::shared_future<void> closed_future_ = closed_.get_future().share();
  mutable std::mutex snapshots_mutex_;
  std::multiset<std::pair<rocksdb::SequenceNumber, const rocksdb::Snapshot*>> snapshots_;
};

inline rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace spind::kv
