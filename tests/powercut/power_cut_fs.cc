#include "powercut/power_cut_fs.h"

#include <utility>

namespace spind::test {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus io(const Status& status) {
  if (status.ok()) return IOStatus::OK();
  if (status.code() == Code::not_found) return IOStatus::PathNotFound(status.error().to_string());
  return IOStatus::IOError(status.error().to_string());
}

class WritableFile final : public rocksdb::FSWritableFile {
 public:
  explicit WritableFile(std::unique_ptr<PowerCutDisk::Writer> writer)
      : writer_(std::move(writer)) {}

  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return io(writer_->append({data.data(), data.size()}));
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    // RocksDB cuts off what it preallocated, of which there is nothing here.
    return size == writer_->size() ? IOStatus::OK() : io(writer_->truncate(size));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return io(writer_->sync()); }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return writer_->size(); }

 private:
  std::unique_ptr<PowerCutDisk::Writer> writer_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  Directory(PowerCutDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return io(disk_.sync_folder(path_));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  PowerCutDisk& disk_;
  const std::string path_;
};

class PowerCutFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit PowerCutFileSystem(PowerCutDisk& disk)
      : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()), disk_(disk) {}

  const char* Name() const override { return "spind.PowerCutFileSystem"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext*) override {
    return opened(disk_.create(path), file);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>* file,
                              IODebugContext*) override {
    return opened(disk_.exists(path) ? disk_.reopen(path) : disk_.create(path), file);
  }
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("logs are not recycled");
  }
  IOStatus NewRandomRWFile(const std::string&, const FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("files are written once");
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* folder, IODebugContext*) override {
    *folder = std::make_unique<Directory>(disk_, path);
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return io(disk_.remove(path));
  }
  IOStatus Truncate(const std::string&, size_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("files are truncated while open");
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return io(disk_.make_folder(path));
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return io(disk_.make_folder(path));
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return io(disk_.remove(path));
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
    return io(disk_.rename(from, to));
  }
  IOStatus LinkFile(const std::string&, const std::string&, const IOOptions&,
                    IODebugContext*) override {
    return IOStatus::NotSupported("no links");
  }

 private:
  static IOStatus opened(Result<std::unique_ptr<PowerCutDisk::Writer>> writer,
                         std::unique_ptr<rocksdb::FSWritableFile>* file) {
    if (!writer.ok()) return io(Status(writer.error()));
    *file = std::make_unique<WritableFile>(std::move(writer).value());
    return IOStatus::OK();
  }

  PowerCutDisk& disk_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> power_cut_file_system(PowerCutDisk& disk) {
  return std::make_shared<PowerCutFileSystem>(disk);
}

}  // namespace spind::test
