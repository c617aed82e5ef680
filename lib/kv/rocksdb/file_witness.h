// Watches RocksDB's files, because its errors do not tell what went wrong: after a write failed,
// each later call on the file says "previous error". A full device can be recovered from; a sync
// that failed cannot.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include <rocksdb/file_system.h>

namespace spind::kv {

// Thread-safe.
class FileWitness final : public rocksdb::FileSystemWrapper {
 public:
  explicit FileWitness(const std::shared_ptr<rocksdb::FileSystem>& target)
      : rocksdb::FileSystemWrapper(target) {}

  bool saw_full_device() const { return full_; }
  bool saw_failed_sync() const { return sync_failed_; }

  // Brackets a sync of the log; false, and no bracket, once an append to a log has failed: RocksDB
  // ends the process (where it is built with asserts, as Debian does) when such a log is synced.
  // An append that fails waits until no sync is under way before RocksDB hears of it.
  bool begin_log_sync();
  void end_log_sync();

  const char* Name() const override { return "spind.FileWitness"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path,
                                       const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* folder,
                                 rocksdb::IODebugContext* debug) override;

  rocksdb::IOStatus noted(rocksdb::IOStatus status);
  rocksdb::IOStatus noted_sync(rocksdb::IOStatus status);
  rocksdb::IOStatus noted_log(rocksdb::IOStatus status);

 private:
  std::atomic<bool> full_{false};
  std::atomic<bool> sync_failed_{false};
  std::mutex log_mutex_;
  std::condition_variable log_synced_;
  bool log_failed_ = false;
  int log_syncs_ = 0;
};

}  // namespace spind::kv
