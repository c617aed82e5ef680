#include "kv/rocksdb/open_db.h"

#include <rocksdb/statistics.h>
#include <rocksdb/utilities/checkpoint.h>

#include "base/try.h"

namespace spind::kv {
namespace {

// A lock that another process, or another store of this one, holds. RocksDB has no code for it.
bool says_locked(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return status.IsIOError() && (text.find("lock hold by current process") != std::string::npos ||
                                text.find("While lock file") != std::string::npos);
}

Code code_of(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return Code::no_space;
  if (status.IsCorruption()) return Code::corruption;
  if (status.IsInvalidArgument() || status.IsNotSupported()) return Code::corruption;
  return Code::io_error;
}

}  // namespace

Result<std::shared_ptr<OpenDb>> OpenDb::open(const Setting& setting) {
  std::shared_ptr<OpenDb> opened(new OpenDb(setting));
  SPIND_TRY(opened->start());
  return opened;
}

OpenDb::OpenDb(const Setting& setting)
    : setting_(setting),
      witness_(std::make_shared<FileWitness>(setting.file_system, setting.path)),
      events_(std::make_shared<DbEvents>([this](const rocksdb::Status& status) {
        if (setting_.on_background_error)
          setting_.on_background_error(error(status, "in the background"));
      })),
      env_(rocksdb::NewCompositeEnv(witness_)),
      tuning_(tuned(setting.memory_budget_bytes)) {
  tuning_.db.env = env_.get();
  tuning_.db.listeners = {events_};
  tuning_.db.wal_filter = &gaps_;
  tuning_.db.info_log = std::make_shared<LogBridge>(setting.log);
}

Status OpenDb::start() {
  const rocksdb::Status status =
      rocksdb::DB::Open(tuning_.db, setting_.path, tuning_.families, &families_, &db_);
  if (says_locked(status)) return Error{Code::busy, "the store is open already", setting_.path};
  if (!status.ok()) {
    Error failed = error(status, "opening");
    // A store that is opened anew would be tried again, and asking once more may get a lie.
    if (witness_->saw_failed_sync() && setting_.on_background_error)
      setting_.on_background_error(failed);
    return failed;
  }
  witness_->running();
  first_sequence_ = db_->GetLatestSequenceNumber();
  if (gaps_.found() && setting_.log)
    setting_.log("the log had a hole, as after a power cut: replay stopped there");
  return {};
}

OpenDb::~OpenDb() {
  if (db_ != nullptr) {
    for (const auto& [sequence, snapshot] : snapshots_) db_->ReleaseSnapshot(snapshot);
    for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
    // What is lost by a failure here was never said to be durable.
    (void)db_->Close();
    delete db_;
  }
  closed_.set_value();
}

Result<std::optional<std::string>> OpenDb::get(const rocksdb::ReadOptions& options, Family from,
                                               std::string_view key) {
  std::string value;
  const rocksdb::Status status = db_->Get(options, family(from), slice(key), &value);
  if (status.ok()) return std::optional(std::move(value));
  if (status.IsNotFound()) return std::optional<std::string>{};
  return error(status, "reading");
}

Status OpenDb::sync_log() {
  const rocksdb::IOStatus synced = witness_->sync_logs();
  if (synced.ok()) return {};
  return error(synced, "syncing the log");
}

// Write buffers are flushed first, so that next to nothing of the log has to be copied.
Status OpenDb::checkpoint(const std::string& folder) {
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_, &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(folder, 0);
  if (status.ok()) return {};
  return error(status, "making a checkpoint");
}

// Once all families are flushed no log is needed any more. What was replaced goes from tables when
// they are rewritten down to the last level, and from files of large values when none of them is
// spared.
Status OpenDb::forget_replaced(std::span<const Range> ranges) {
  rocksdb::Status status = db_->Flush(rocksdb::FlushOptions(), families_);
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
  options.blob_garbage_collection_age_cutoff = 1.0;
  for (const Range& range : ranges) {
    if (!status.ok()) break;
    const rocksdb::Slice begin = slice(range.begin), end = slice(range.end);
    status = db_->CompactRange(options, family(range.family), &begin, &end);
  }
  if (status.ok()) return {};
  return error(status, "rewriting tables");
}

const rocksdb::Snapshot* OpenDb::take_snapshot() {
  const rocksdb::Snapshot* snapshot = db_->GetSnapshot();
  const std::lock_guard lock(snapshots_mutex_);
  snapshots_.emplace(snapshot->GetSequenceNumber(), snapshot);
  return snapshot;
}

void OpenDb::release(const rocksdb::Snapshot* snapshot) {
  {
    const std::lock_guard lock(snapshots_mutex_);
    snapshots_.erase({snapshot->GetSequenceNumber(), snapshot});
  }
  db_->ReleaseSnapshot(snapshot);
}

Ticket OpenDb::oldest_snapshot() const {
  const std::lock_guard lock(snapshots_mutex_);
  return snapshots_.empty() ? setting_.at : ticket(snapshots_.begin()->first);
}

std::shared_future<void> OpenDb::start_closing() {
  closing_.store(true, std::memory_order_release);
  return closed_future_;
}

Error OpenDb::error(const rocksdb::Status& status, std::string_view doing) const {
  Code code = code_of(status);
  const bool full = code == Code::no_space || witness_->saw_full_device();
  if (witness_->saw_failed_sync()) {
    code = Code::io_error;
  } else if (full && code != Code::corruption) {
    code = Code::no_space;
  }
  return Error{code, "rocksdb, " + std::string(doing) + ": " + status.ToString(), setting_.path};
}

void OpenDb::measure(Store::Metrics& metrics) {
  metrics.memory_bytes = tuning_.cache->GetUsage();
  metrics.cache_hits = tuning_.db.statistics->getTickerCount(rocksdb::BLOCK_CACHE_HIT);
  metrics.cache_misses = tuning_.db.statistics->getTickerCount(rocksdb::BLOCK_CACHE_MISS);
  metrics.stall_micros = tuning_.db.statistics->getTickerCount(rocksdb::STALL_MICROS);
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    for (const std::string& property : {rocksdb::DB::Properties::kTotalSstFilesSize,
                                        rocksdb::DB::Properties::kTotalBlobFileSize}) {
      std::uint64_t bytes = 0;
      if (db_->GetIntProperty(family, property, &bytes)) metrics.disk_bytes += bytes;
    }
  }
}

}  // namespace spind::kv
