#include "support/store/device.h"

#include <rocksdb/file_system.h>

#include "base/try.h"

namespace spind::test {
namespace {

class DeviceFile : public File {
 public:
  DeviceFile(std::unique_ptr<File> behind, Device& device)
      : behind_(std::move(behind)), device_(device) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    return behind_->read_at(offset, out);
  }
  // What still fits is written, as a device does.
  Status append(Bytes bytes) override {
    Status room = device_.take(bytes.size());
    if (!room.ok() && room.code() == Code::no_space) {
      const std::uint64_t rest = std::min<std::uint64_t>(device_.free_bytes(), bytes.size());
      if (device_.take(rest).ok()) SPIND_TRY(behind_->append(bytes.first(rest)));
    }
    SPIND_TRY(std::move(room));
    return behind_->append(bytes);
  }
  Status sync() override {
    SPIND_TRY(device_.take(0));
    return device_.syncs() ? behind_->sync() : Status();
  }
  Status truncate(std::uint64_t size_bytes) override {
    SPIND_TRY(device_.take(0));
    return behind_->truncate(size_bytes);
  }
  Status punch(std::uint64_t offset, std::uint64_t size_bytes) override {
    SPIND_TRY(device_.take(0));
    return behind_->punch(offset, size_bytes);
  }
  Result<std::uint64_t> size() const override { return behind_->size(); }
  void will_read(std::uint64_t offset, std::uint64_t size_bytes) const override {
    behind_->will_read(offset, size_bytes);
  }
  void drop_cache(std::uint64_t offset, std::uint64_t size_bytes) const override {
    behind_->drop_cache(offset, size_bytes);
  }

 private:
  std::unique_ptr<File> behind_;
  Device& device_;
};

rocksdb::IOStatus to_rocksdb(const Status& status) {
  if (status.ok()) return rocksdb::IOStatus::OK();
  if (status.code() == Code::no_space) return rocksdb::IOStatus::NoSpace("the device is full");
  return rocksdb::IOStatus::IOError("the device is read-only");
}

class DeviceWritable : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  DeviceWritable(std::unique_ptr<rocksdb::FSWritableFile> behind, Device& device, bool is_table)
      : FSWritableFileOwnerWrapper(std::move(behind)), device_(device), is_table_(is_table) {}

  using FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (is_table_ && device_.tables_fail())
      return rocksdb::IOStatus::IOError("the device has a bad block");
    const rocksdb::IOStatus room = to_rocksdb(device_.take(data.size()));
    return room.ok() ? FSWritableFileOwnerWrapper::Append(data, options, context) : room;
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus room = to_rocksdb(device_.take(0));
    if (!room.ok() || !device_.syncs()) return room;
    return FSWritableFileOwnerWrapper::Sync(options, context);
  }
  rocksdb::IOStatus RangeSync(std::uint64_t offset, std::uint64_t size,
                              const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* context) override {
    if (!device_.syncs()) return rocksdb::IOStatus::OK();
    return FSWritableFileOwnerWrapper::RangeSync(offset, size, options, context);
  }
  rocksdb::IOStatus Allocate(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }

 private:
  Device& device_;
  bool is_table_;
};

class DeviceDirectory : public rocksdb::FSDirectoryWrapper {
 public:
  DeviceDirectory(std::unique_ptr<rocksdb::FSDirectory> behind, Device& device)
      : FSDirectoryWrapper(std::move(behind)), device_(device) {}

  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* context) override {
    if (!device_.syncs()) return rocksdb::IOStatus::OK();
    return FSDirectoryWrapper::Fsync(options, context);
  }
  rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options,
                                        rocksdb::IODebugContext* context,
                                        const rocksdb::DirFsyncOptions& what) override {
    if (!device_.syncs()) return rocksdb::IOStatus::OK();
    return FSDirectoryWrapper::FsyncWithDirOptions(options, context, what);
  }

 private:
  Device& device_;
};

class DeviceFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit DeviceFileSystem(Device& device)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), device_(device) {}

  const char* Name() const override { return "SpindTestDevice"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus room = to_rocksdb(device_.take(0));
    if (!room.ok()) return room;
    const rocksdb::IOStatus opened =
        FileSystemWrapper::NewWritableFile(path, options, file, context);
    if (opened.ok())
      *file = std::make_unique<DeviceWritable>(std::move(*file), device_, path.ends_with(".sst"));
    return opened;
  }
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus opened =
        FileSystemWrapper::NewDirectory(path, options, directory, context);
    if (opened.ok()) *directory = std::make_unique<DeviceDirectory>(std::move(*directory), device_);
    return opened;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    const rocksdb::IOStatus room = to_rocksdb(device_.take(0));
    return room.ok() ? FileSystemWrapper::RenameFile(from, to, options, context) : room;
  }

 private:
  Device& device_;
};

}  // namespace

std::uint64_t Device::free_bytes() const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(free_bytes_, 0));
}

Status Device::take(std::uint64_t bytes) {
  if (read_only_) return Error{.code = Code::io_error, .text = "the device is read-only"};
  const auto wanted = static_cast<std::int64_t>(bytes);
  std::int64_t free = free_bytes_;
  do {
    if (free < wanted) return Error{.code = Code::no_space, .text = "the device is full"};
  } while (!free_bytes_.compare_exchange_weak(free, free - wanted));
  return {};
}

Result<std::unique_ptr<File>> DeviceFiles::open(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::create_new) SPIND_TRY(device_.take(0));
  SPIND_TRY_ASSIGN(std::unique_ptr<File> file, behind_.open(path, mode));
  return std::unique_ptr<File>(std::make_unique<DeviceFile>(std::move(file), device_));
}

Status DeviceFiles::make_folder(const std::string& path) {
  SPIND_TRY(device_.take(0));
  return behind_.make_folder(path);
}

Status DeviceFiles::sync_folder(const std::string& path) {
  SPIND_TRY(device_.take(0));
  return device_.syncs() ? behind_.sync_folder(path) : Status();
}

Status DeviceFiles::rename(const std::string& from, const std::string& to) {
  SPIND_TRY(device_.take(0));
  return behind_.rename(from, to);
}

Status DeviceFiles::remove(const std::string& path) {
  SPIND_TRY(device_.take(0));
  return behind_.remove(path);
}

Result<FolderSpace> DeviceFiles::space(const std::string&) {
  return FolderSpace{.free_bytes = device_.free_bytes(), .total_bytes = std::uint64_t{1} << 50};
}

Result<std::unique_ptr<FileLock>> DeviceFiles::lock(const std::string& path) {
  SPIND_TRY(device_.take(0));
  return behind_.lock(path);
}

std::shared_ptr<rocksdb::FileSystem> device_file_system(Device& device) {
  return std::make_shared<DeviceFileSystem>(device);
}

}  // namespace spind::test
