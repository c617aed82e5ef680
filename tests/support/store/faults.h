// Makes the n-th call of a seam fail.
//
//   FaultPoint point;
//   FaultFiles files(Files::system(), point);
//   point.arm(3, Code::io_error);                  // the third call from now fails, once
//   ...
//   if (point.fired()) ...
#pragma once

#include <atomic>

#include "base/files.h"
#include "spind/blob_store.h"

namespace spind::test {

// Thread-safe.
class FaultPoint {
 public:
  // `lasting`: all calls after the n-th fail too, until it is disarmed.
  void arm(std::uint64_t n, Code code, bool lasting = false);
  void disarm() { left_ = -1; }
  bool fired() const { return fired_; }
  // Called by the seam: an error if this is the call that fails.
  Status hit(std::string_view call);

 private:
  std::atomic<std::int64_t> left_{-1};  // calls until the one that fails; negative: none does
  std::atomic<bool> fired_{false};
  std::atomic<bool> lasting_{false};
  std::atomic<Code> code_{Code::io_error};
};

// Files that fail as the point says. A failing append leaves half of its bytes. Syncs are counted
// and fail, but do not reach the device: no power is cut here, and a sweep makes many thousands.
class FaultFiles : public Files {
 public:
  FaultFiles(Files& behind, FaultPoint& point) : behind_(behind), point_(point) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status make_folder(const std::string& path) override;
  Status sync_folder(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  // Fails after half of it: what was to be overwritten is cut off, and has its name still.
  Status shred(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<FolderSpace> space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  Files& behind_;
  FaultPoint& point_;
};

// Blobs that fail as the point says.
class FaultBlobs : public BlobStore {
 public:
  FaultBlobs(std::unique_ptr<BlobStore> behind, FaultPoint& point)
      : behind_(std::move(behind)), point_(point) {}

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Status remove(std::string_view name) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;

 private:
  std::unique_ptr<BlobStore> behind_;
  FaultPoint& point_;
};

}  // namespace spind::test
