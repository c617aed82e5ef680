// The seams of a store whose calls are steps of an actor: see interleave.h.
//
// Only what others can see or change is a step. Rows of a snapshot never change, so what is a step
// is to take one; and that is put off until the snapshot is first looked into, since nobody can
// tell the difference.
#pragma once

#include <functional>
#include <memory>

#include "base/files.h"
#include "engine/seams.h"
#include "kv/kv.h"
#include "spind/blob_store.h"

namespace spind::test {

// What it is to look for rows of a kind.
enum class Look : std::uint8_t {
  nothing,     // nobody ever has any: no step
  pieces,      // kLookAtPieces
  other_rows,  // kLookAtRows
};
inline constexpr std::string_view kLookAtPieces = "look at rows of pieces";
inline constexpr std::string_view kLookAtRows = "look at other rows";
using LookOf = std::function<Look(kv::Family, std::string_view key)>;

class SteppedKv final : public kv::Store {
 public:
  SteppedKv(std::unique_ptr<kv::Store> behind, LookOf look_of)
      : behind_(std::move(behind)), look_of_(std::move(look_of)) {}

  kv::Answer update(std::vector<std::string> partitions, const kv::Body& body) override;
  Status wait(kv::Ticket ticket, std::int64_t deadline_monotonic_ns) override;
  Status catch_up(std::int64_t deadline_monotonic_ns) override {
    return wait(latest(), deadline_monotonic_ns);
  }
  std::optional<Status> verdict(kv::Ticket ticket) override { return behind_->verdict(ticket); }
  void on_durable(kv::Ticket ticket, std::function<void(Status)> done) override {
    behind_->on_durable(ticket, std::move(done));
  }
  kv::SnapshotRef durable() override;
  kv::Ticket oldest_snapshot() override;
  kv::Ticket latest() override { return behind_->latest(); }
  Status checkpoint(const std::string& folder) override { return behind_->checkpoint(folder); }
  Status forget_replaced(std::span<const kv::Range> ranges) override {
    return behind_->forget_replaced(ranges);
  }
  Status health() override { return behind_->health(); }
  Metrics metrics() override { return behind_->metrics(); }

 private:
  const std::unique_ptr<kv::Store> behind_;
  const LookOf look_of_;
};

class SteppedBlobs final : public BlobStore {
 public:
  explicit SteppedBlobs(BlobStore& behind) : behind_(behind) {}

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Status remove(std::string_view name) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;

 private:
  BlobStore& behind_;
};

// Syncs do not reach the device: no power is cut here.
class SteppedFiles final : public Files {
 public:
  explicit SteppedFiles(Files& behind) : behind_(behind) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status make_folder(const std::string& path) override { return behind_.make_folder(path); }
  Status sync_folder(const std::string&) override { return {}; }
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Result<bool> exists(const std::string& path) override { return behind_.exists(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return behind_.list(path);
  }
  Result<FolderSpace> space(const std::string& path) override { return behind_.space(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return behind_.lock(path);
  }

 private:
  Files& behind_;
};

}  // namespace spind::test
