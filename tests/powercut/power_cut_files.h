// The engine's files on a disk whose power can be cut.
#pragma once

#include "base/files.h"
#include "powercut/power_cut_disk.h"

namespace spind::test {

// Thread-safe. The disk must outlive it and all that is open on it.
class PowerCutFiles final : public Files {
 public:
  explicit PowerCutFiles(PowerCutDisk& disk) : disk_(disk) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status make_folder(const std::string& path) override;
  Status sync_folder(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<FolderSpace> space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  PowerCutDisk& disk_;
};

}  // namespace spind::test
