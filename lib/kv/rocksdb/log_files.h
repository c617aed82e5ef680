// The log's files, synced by the store itself.
//
// RocksDB's SyncWAL is not used: where RocksDB is built with asserts, as Debian does, it ends the
// process when a log is synced to which an append, or a sync by a flush, has failed before. Here
// a log is synced after a failed append, so that what was written before becomes durable; and a
// sync that failed, whether a flush asked for it or the store, fails from then on.
//
// What RocksDB appends is gathered in memory and written by the next sync, since nobody is told
// that a commit is there before: one call of the system for a group of commits, not one for each.
// A full device is met at the sync as well, then.
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
  // From one thread at a time, as RocksDB does.
  rocksdb::IOStatus append(const rocksdb::Slice& data);
  // Hands to the file what was appended before the call. Fails from the first failure on.
  rocksdb::IOStatus write_out();
  // Makes durable what was written out before the call; nothing to do once the file is closed.
  rocksdb::IOStatus sync();
  rocksdb::IOStatus close();
  bool closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  rocksdb::IOStatus write_out_locked();
  rocksdb::IOStatus write_locked(const rocksdb::Slice& data);

  const std::unique_ptr<rocksdb::FSWritableFile> file_;
  std::mutex mutex_;  // between sync and close
  std::atomic<bool> closed_{false};
  std::uint64_t synced_writes_ = 0;
  rocksdb::IOStatus failed_sync_;  // the first: the next one may get a lie

  std::mutex writing_mutex_;  // so that bytes reach the file in order; taken before the next
  std::atomic<std::uint64_t> writes_{0};
  rocksdb::IOStatus failed_write_;
  std::string written_out_;  // emptied, for its room
  std::mutex gathered_mutex_;
  std::string gathered_;
};

// All logs that are open, oldest first. Thread-safe.
class LogFiles {
 public:
  std::shared_ptr<LogFile> add(const std::string& path,
                               std::unique_ptr<rocksdb::FSWritableFile> file);
  // Hands to the files what was appended to any log before the call.
  rocksdb::IOStatus write_out();
  // Makes durable what was written out before the call, and the names of the logs.
  rocksdb::IOStatus sync(rocksdb::FileSystem& files);

 private:
  std::vector<std::shared_ptr<LogFile>> logs();

  std::mutex mutex_;
  std::vector<std::shared_ptr<LogFile>> logs_;
  std::string folder_with_new_names_;
};

}  // namespace spind::kv
