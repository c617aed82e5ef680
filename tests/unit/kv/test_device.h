// A file system for RocksDB whose syncs of the log pass through a gate, which can be full, and on
// which tables can fail.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include <rocksdb/file_system.h>

#include "base/files.h"
#include "spind/result.h"

namespace spind::kv::test {

// Thread-safe.
class TestDevice final : public rocksdb::FileSystemWrapper {
 public:
  TestDevice() : rocksdb::FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  // Asked before each sync of a log.
  std::function<Status()> before_log_sync;
  std::atomic<bool> full{false};
  std::atomic<bool> tables_fail{false};

  const char* Name() const override { return "spind.TestDevice"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    if (full) return rocksdb::IOStatus::NoSpace("the test device is full");
    rocksdb::IOStatus status = target()->NewWritableFile(path, options, file, debug);
    if (status.ok()) *file = std::make_unique<OpenFile>(std::move(*file), *this, path);
    return status;
  }

 private:
  class OpenFile final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    OpenFile(std::unique_ptr<rocksdb::FSWritableFile> file, TestDevice& device,
             const std::string& path)
        : rocksdb::FSWritableFileOwnerWrapper(std::move(file)),
          device_(device),
          is_log_(path.ends_with(".log")),
          is_table_(path.ends_with(".sst")) {}

    using rocksdb::FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if (is_table_ && device_.tables_fail)
        return rocksdb::IOStatus::IOError("the test device has a bad block");
      if (!device_.full) return target()->Append(data, options, debug);
      // A part of it still fits.
      (void)target()->Append({data.data(), data.size() / 2}, options, debug);
      return rocksdb::IOStatus::NoSpace("the test device is full");
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      if (is_log_ && device_.before_log_sync && !device_.before_log_sync().ok())
        return rocksdb::IOStatus::IOError("the test device is gone");
      return target()->Sync(options, debug);
    }

   private:
    TestDevice& device_;
    bool is_log_, is_table_;
  };
};

// Says how much space is free.
class TestFiles final : public Files {
 public:
  std::atomic<std::uint64_t> free_bytes{std::uint64_t{1} << 40};

  Result<FolderSpace> space(const std::string&) override {
    return FolderSpace{free_bytes, std::uint64_t{1} << 40};
  }
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    return Files::system().open(path, mode);
  }
  Status make_folder(const std::string& path) override { return Files::system().make_folder(path); }
  Status sync_folder(const std::string& path) override { return Files::system().sync_folder(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return Files::system().rename(from, to);
  }
  Status remove(const std::string& path) override { return Files::system().remove(path); }
  Result<bool> exists(const std::string& path) override { return Files::system().exists(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return Files::system().list(path);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return Files::system().lock(path);
  }
};

}  // namespace spind::kv::test
