#include "kv/rocksdb/file_witness.h"

#include <utility>

namespace spind::kv {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// Allocate is not watched: RocksDB goes on without the room that it asked for ahead, and a device
// that was full then explains no later error.
class WitnessedFile : public rocksdb::FSWritableFileWrapper {
 public:
  WitnessedFile(rocksdb::FSWritableFile* file, FileWitness& witness)
      : rocksdb::FSWritableFileWrapper(file), witness_(witness) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return witness_.noted(target()->Append(data, options, debug));
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* debug) override {
    return witness_.noted(target()->Append(data, options, info, debug));
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return witness_.noted(target()->Flush(options, debug));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return witness_.noted(target()->Close(options, debug));
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

 protected:
  FileWitness& witness_;
};

class WitnessedTable final : public WitnessedFile {
 public:
  WitnessedTable(std::unique_ptr<rocksdb::FSWritableFile> file, FileWitness& witness)
      : WitnessedFile(file.get(), witness), file_(std::move(file)) {}

 private:
  std::unique_ptr<rocksdb::FSWritableFile> file_;
};

class WitnessedLog final : public WitnessedFile {
 public:
  WitnessedLog(std::shared_ptr<LogFile> log, FileWitness& witness)
      : WitnessedFile(&log->file(), witness), log_(std::move(log)) {}
  ~WitnessedLog() override {
    if (!log_->closed()) (void)log_->close();
  }

  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return witness_.noted(log_->append(data));
  }
  IOStatus Append(const Slice& data, const IOOptions&, const rocksdb::DataVerificationInfo&,
                  IODebugContext*) override {
    return witness_.noted(log_->append(data));
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    if (IOStatus status = witness_.noted(log_->write_out()); !status.ok()) return status;
    return witness_.noted_sync(log_->sync());
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override {
    return witness_.noted(log_->close());
  }

 private:
  std::shared_ptr<LogFile> log_;
};

// Stands for a log that could not be made: it takes nothing, so the first write to it tells why.
class UnmadeLog final : public rocksdb::FSWritableFile {
 public:
  explicit UnmadeLog(IOStatus why) : why_(std::move(why)) {}

  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice&, const IOOptions&, IODebugContext*) override { return why_; }
  // Nothing was appended, so nothing is missing.
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  const IOStatus why_;
};

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

bool FileWitness::is_log(const std::string& path) const {
  return path.ends_with(".log") && path.find('/', folder_.size() + 1) == std::string::npos &&
         path.starts_with(folder_);
}

IOStatus FileWitness::noted(IOStatus status) {
  if (status.IsNoSpace()) full_ = true;
  return status;
}

IOStatus FileWitness::noted_sync(IOStatus status) {
  if (!status.ok() && !status.IsNotSupported()) sync_failed_ = true;
  return status;
}

IOStatus FileWitness::GetFileSize(const std::string& path, const IOOptions& options,
                                  std::uint64_t* size, IODebugContext* debug) {
  if (is_log(path))
    if (IOStatus status = noted(logs_.write_out()); !status.ok()) return status;
  return target()->GetFileSize(path, options, size, debug);
}

IOStatus FileWitness::sync_logs() {
  if (IOStatus status = noted(logs_.write_out()); !status.ok()) return status;
  return noted_sync(logs_.sync(*target()));
}

void FileWitness::watch(const std::string& path, std::unique_ptr<rocksdb::FSWritableFile>* file) {
  if (is_log(path))
    *file = std::make_unique<WitnessedLog>(logs_.add(path, std::move(*file)), *this);
  else
    *file = std::make_unique<WitnessedTable>(std::move(*file), *this);
}

IOStatus FileWitness::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      IODebugContext* debug) {
  IOStatus status = noted(target()->NewWritableFile(path, options, file, debug));
  if (!status.ok() && running_ && is_log(path)) {
    *file = std::make_unique<UnmadeLog>(std::move(status));
    status = IOStatus::OK();
  }
  if (status.ok()) watch(path, file);
  return status;
}

IOStatus FileWitness::ReopenWritableFile(const std::string& path,
                                         const rocksdb::FileOptions& options,
                                         std::unique_ptr<rocksdb::FSWritableFile>* file,
                                         IODebugContext* debug) {
  IOStatus status = noted(target()->ReopenWritableFile(path, options, file, debug));
  if (status.ok()) watch(path, file);
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
