// Files in memory: names, bytes, and no device behind them. As on POSIX, who has a file open goes
// on with it when its name is gone.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/files.h"

namespace spind::test {

// Thread-safe. A copy has the same names and bytes, and shares nothing.
class MemoryFiles final : public Files {
 public:
  struct Content {
    std::mutex mutex;
    std::string bytes;  // guarded by it
  };

  MemoryFiles() = default;
  MemoryFiles(const MemoryFiles& other);
  MemoryFiles& operator=(const MemoryFiles&) = delete;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status make_folder(const std::string& path) override;
  Status sync_folder(const std::string&) override { return {}; }
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<FolderSpace> space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  std::map<std::string, std::string> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Content>> files_;
  std::set<std::string> folders_;
};

}  // namespace spind::test
