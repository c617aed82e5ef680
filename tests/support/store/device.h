// A disk that can be full, read-only or bad in places, for all files of a store: RocksDB's through
// its FileSystem, packs and objects through Files. Root passes by modes and quotas, so tests do it
// here.
#pragma once

#include <atomic>
#include <memory>

#include "base/files.h"

namespace rocksdb {
class FileSystem;
}

namespace spind::test {

// Thread-safe.
class Device {
 public:
  // What may still be written; nothing is given back by removing files.
  void set_free(std::uint64_t bytes) { free_bytes_ = static_cast<std::int64_t>(bytes); }
  void set_read_only(bool read_only) { read_only_ = read_only; }
  // RocksDB's tables, and nothing else.
  void set_tables_fail(bool fail) { tables_fail_ = fail; }
  // Syncs are answered at once: for who kills processes and cuts no power, they only take time.
  void set_syncs_left_out() { syncs_left_out_ = true; }

  std::uint64_t free_bytes() const;
  // ok if `bytes` may be written, and then they are counted. no_space; io_error if read-only.
  Status take(std::uint64_t bytes);
  bool tables_fail() const { return tables_fail_; }
  bool syncs() const { return !syncs_left_out_; }

 private:
  std::atomic<std::int64_t> free_bytes_{std::int64_t{1} << 50};
  std::atomic<bool> read_only_{false}, tables_fail_{false}, syncs_left_out_{false};
};

// Files on the device.
class DeviceFiles : public Files {
 public:
  DeviceFiles(Files& behind, Device& device) : behind_(behind), device_(device) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status make_folder(const std::string& path) override;
  Status sync_folder(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Result<bool> exists(const std::string& path) override { return behind_.exists(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return behind_.list(path);
  }
  Result<FolderSpace> space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  Files& behind_;
  Device& device_;
};

// RocksDB's view of the device.
std::shared_ptr<rocksdb::FileSystem> device_file_system(Device& device);

}  // namespace spind::test
