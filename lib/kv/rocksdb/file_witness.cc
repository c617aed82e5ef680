#include "kv/rocksdb/file_witness.h"

#include <utility>

namespace spind::kv {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class WitnessedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WitnessedFile(std::unique_ptr<rocksdb::FSWritableFile> file, FileWitness& witness, bool is_log)
      : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), witness_(witness), is_log_(is_log) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return noted(target()->Append(data, options, debug));
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* debug) override {
    return noted(target()->Append(data, options, info, debug));
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return noted(target()->Flush(options, debug));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return witness_.noted(target()->Close(options, debug));
  }
  IOStatus Allocate(uint64_t offset, uint64_t size, const IOOptions& options,
                    IODebugContext* debug) override {
    return witness_.noted(target()->Allocate(offset, size, options, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return witness_.noted_sync(target()->Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return witness_.noted_sync(target()->Fsync(options, debug));
  }
  IOStatus RangeSync(uint64_t offset, uint64_t size, const IOOptions& options,
                     IODebugContext* debug) override {
    return witness_.noted_sync(target()->RangeSync(offset, size, options, debug));
  }

 private:
  IOStatus noted(IOStatus status) {
    return is_log_ ? witness_.noted_log(std::move(status)) : witness_.noted(std::move(status));
  }

  FileWitness& witness_;
  const bool is_log_;
};

bool is_log(const std::string& path) { return path.ends_with(".log"); }

class WitnessedFolder final : public rocksdb::FSDirectoryWrapper {
 public:
  WitnessedFolder(std::unique_ptr<rocksdb::FSDirectory>&& folder, FileWitness& witness)
      : rocksdb::FSDirectoryWrapper(std::move(folder)), witness_(witness) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return witness_.noted_sync(rocksdb::FSDirectoryWrapper::Fsync(options, debug));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& folder_options) override {
    return witness_.noted_sync(
        rocksdb::FSDirectoryWrapper::FsyncWithDirOptions(options, debug, folder_options));
  }

 private:
  FileWitness& witness_;
};

}  // namespace

IOStatus FileWitness::noted(IOStatus status) {
  if (status.IsNoSpace()) full_ = true;
  return status;
}

IOStatus FileWitness::noted_sync(IOStatus status) {
  if (!status.ok() && !status.IsNotSupported()) sync_failed_ = true;
  return status;
}

IOStatus FileWitness::noted_log(IOStatus status) {
  status = noted(std::move(status));
  if (status.ok()) return status;
  std::unique_lock lock(log_mutex_);
  log_failed_ = true;
  log_synced_.wait(lock, [this] { return log_syncs_ == 0; });
  return status;
}

bool FileWitness::begin_log_sync() {
  const std::lock_guard lock(log_mutex_);
  if (log_failed_) return false;
  ++log_syncs_;
  return true;
}

void FileWitness::end_log_sync() {
  const std::lock_guard lock(log_mutex_);
  if (--log_syncs_ == 0) log_synced_.notify_all();
}

IOStatus FileWitness::NewWritableFile(const std::string& path,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      IODebugContext* debug) {
  IOStatus status = noted(target()->NewWritableFile(path, options, file, debug));
  if (status.ok())
    *file = std::make_unique<WitnessedFile>(std::move(*file), *this, is_log(path));
  return status;
}

IOStatus FileWitness::ReopenWritableFile(const std::string& path,
                                         const rocksdb::FileOptions& options,
                                         std::unique_ptr<rocksdb::FSWritableFile>* file,
                                         IODebugContext* debug) {
  IOStatus status = noted(target()->ReopenWritableFile(path, options, file, debug));
  if (status.ok())
    *file = std::make_unique<WitnessedFile>(std::move(*file), *this, is_log(path));
  return status;
}

IOStatus FileWitness::NewDirectory(const std::string& path, const IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* folder,
                                   IODebugContext* debug) {
  IOStatus status = noted(target()->NewDirectory(path, options, folder, debug));
  if (status.ok()) *folder = std::make_unique<WitnessedFolder>(std::move(*folder), *this);
  return status;
}

}  // namespace spind::kv
