// The log's files, synced by the store itself.
//
// RocksDB's SyncWAL is not used: where RocksDB is built with asserts, as Debian does, it ends the
// process when a log is synced to which an append, or a sync by a flush, has failed before. Here
// a log is synced after a failed append, so that what was written before becomes durable; and a
// sync that failed, whether a flush asked for it or the store, fails from then on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <rocksdb/file_system.h>

namespace spind::kv {

// One log: RocksDB appends and closes, the store syncs, each from threads of their own.
// Thread-safe.
class LogFile {
 public:
  explicit LogFile(std::unique_ptr<rocksdb::FSWritableFile> file) : file_(std::move(file)) {}

  rocksdb::FSWritableFile& file() { return *file_; }
  void appended() { appends_.fetch_add(1, std::memory_order_acq_rel); }
  // Makes durable what was appended before the call; nothing to do once the file is closed.
  rocksdb::IOStatus sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug);
  rocksdb::IOStatus close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug);
  bool closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  const std::unique_ptr<rocksdb::FSWritableFile> file_;
  std::mutex mutex_;  // between sync and close
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> appends_{0};
  std::uint64_t synced_appends_ = 0;
  rocksdb::IOStatus failed_;  // of the first sync that failed: the next one may get a lie
};

// All logs that are open, oldest first. Thread-safe.
class LogFiles {
 public:
  std::shared_ptr<LogFile> add(const std::string& path,
                               std::unique_ptr<rocksdb::FSWritableFile> file);
  // Makes durable what was appended to any log before the call, and the names of the logs.
  rocksdb::IOStatus sync(rocksdb::FileSystem& files);

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<LogFile>> logs_;
  std::string folder_with_new_names_;
};

}  // namespace spind::kv
