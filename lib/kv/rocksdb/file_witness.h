// Stands between RocksDB and its files: it remembers what went wrong, and keeps hold of the logs.
//
// RocksDB's errors do not tell: after a write failed, each later call on the file says "previous
// error". A full device can be recovered from; a sync that failed cannot.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include <rocksdb/file_system.h>

#include "kv/rocksdb/log_files.h"

namespace spind::kv {

// Thread-safe.
class FileWitness final : public rocksdb::FileSystemWrapper {
 public:
  // `folder` is RocksDB's: what it writes elsewhere are copies, and no logs of its own.
  FileWitness(const std::shared_ptr<rocksdb::FileSystem>& target, std::string folder)
      : rocksdb::FileSystemWrapper(target), folder_(std::move(folder)) {}

  bool saw_full_device() const { return full_; }
  bool saw_failed_sync() const { return sync_failed_; }
  // RocksDB is open. From now on a log that cannot be made fails at its first write instead: where
  // two families are to be flushed and the next log is not there, RocksDB 7.8 forgets to let go of
  // the second one, and its asserts end the process when it is closed.
  void running() { running_ = true; }
  // Makes durable what was appended to the logs before the call.
  rocksdb::IOStatus sync_logs();

  // A log is as long as what was appended to it: who copies logs asks, and then reads them.
  rocksdb::IOStatus GetFileSize(const std::string& path, const rocksdb::IOOptions& options,
                                std::uint64_t* size, rocksdb::IODebugContext* debug) override;

  const char* Name() const override { return "spind.FileWitness"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* folder,
                                 rocksdb::IODebugContext* debug) override;

  rocksdb::IOStatus noted(rocksdb::IOStatus status);
  rocksdb::IOStatus noted_sync(rocksdb::IOStatus status);

 private:
  bool is_log(const std::string& path) const;
  void watch(const std::string& path, std::unique_ptr<rocksdb::FSWritableFile>* file);

  const std::string folder_;
  std::atomic<bool> running_{false};
  std::atomic<bool> full_{false};
  std::atomic<bool> sync_failed_{false};
  LogFiles logs_;
};

}  // namespace spind::kv
