#include "concurrency/stepped_seams.h"

#include <mutex>

#include "base/try.h"
#include "concurrency/interleave.h"

namespace spind::test {
namespace {

class NoRows final : public kv::Cursor {
 public:
  bool valid() const override { return false; }
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  void next() override {}
  Status status() const override { return {}; }
};

// The durable snapshot of when it is first looked into.
class LateSnapshot final : public kv::Snapshot {
 public:
  LateSnapshot(kv::Store& store, const LookOf& look_of) : store_(store), look_of_(look_of) {}

  Result<std::optional<std::string>> get(kv::Family family, std::string_view key) const override {
    const Look look = look_of_(family, key);
    if (look == Look::nothing) return std::optional<std::string>();
    return taken(look)->get(family, key);
  }
  std::unique_ptr<kv::Cursor> scan(kv::Family family, std::string_view begin,
                                   std::string_view end) const override {
    const Look look = look_of_(family, begin);
    if (look == Look::nothing) return std::make_unique<NoRows>();
    return taken(look)->scan(family, begin, end);
  }
  std::unique_ptr<kv::Cursor> scan_back(kv::Family family, std::string_view begin,
                                        std::string_view end) const override {
    const Look look = look_of_(family, begin);
    if (look == Look::nothing) return std::make_unique<NoRows>();
    return taken(look)->scan_back(family, begin, end);
  }
  kv::Ticket ticket() const override { return taken(Look::other_rows)->ticket(); }

 private:
  kv::SnapshotRef taken(Look look) const {
    {
      const std::lock_guard lock(mutex_);
      if (taken_ != nullptr) return taken_;
    }
    step(look == Look::pieces ? kLookAtPieces : kLookAtRows);
    const std::lock_guard lock(mutex_);
    if (taken_ == nullptr) taken_ = store_.durable();
    return taken_;
  }

  kv::Store& store_;
  const LookOf& look_of_;
  mutable std::mutex mutex_;
  mutable kv::SnapshotRef taken_;
};

class SteppedFile final : public File {
 public:
  explicit SteppedFile(std::unique_ptr<File> behind) : behind_(std::move(behind)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    step("read a pack");
    return behind_->read_at(offset, out);
  }
  Result<std::size_t> scatter(std::uint64_t offset, Places places) const override {
    step("read a pack");
    return behind_->scatter(offset, places);
  }
  Status append(Bytes bytes) override {
    step("append to a pack");
    return behind_->append(bytes);
  }
  Status sync() override {
    step("sync a pack");
    return {};
  }
  Status truncate(std::uint64_t size_bytes) override {
    step("truncate a pack");
    return behind_->truncate(size_bytes);
  }
  Status punch(std::uint64_t offset, std::uint64_t size_bytes) override {
    step("punch a pack");
    return behind_->punch(offset, size_bytes);
  }
  Result<std::uint64_t> size() const override { return behind_->size(); }
  void will_read(std::uint64_t, std::uint64_t) const override {}
  void drop_cache(std::uint64_t, std::uint64_t) const override {}

 private:
  const std::unique_ptr<File> behind_;
};

}  // namespace

kv::Answer SteppedKv::update(std::vector<std::string> partitions, const kv::Body& body) {
  step("update");
  return behind_->update(std::move(partitions), body);
}

Status SteppedKv::wait(kv::Ticket ticket, std::int64_t deadline_monotonic_ns) {
  if (auto verdict = behind_->verdict(ticket)) return *std::move(verdict);
  step("wait until it is durable");
  return behind_->wait(ticket, deadline_monotonic_ns);
}

kv::SnapshotRef SteppedKv::durable() { return std::make_shared<LateSnapshot>(*behind_, look_of_); }

kv::Ticket SteppedKv::oldest_snapshot() {
  step("ask for the oldest snapshot");
  return behind_->oldest_snapshot();
}

Status SteppedBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  step("put an object");
  return behind_.put(name, bytes);
}

Result<std::vector<std::uint8_t>> SteppedBlobs::get(std::string_view name,
                                                    std::uint64_t size_bytes_max) {
  step("get an object");
  return behind_.get(name, size_bytes_max);
}

Result<std::size_t> SteppedBlobs::range(std::string_view name, std::uint64_t offset,
                                        std::span<std::uint8_t> out) {
  step("read an object");
  return behind_.range(name, offset, out);
}

Status SteppedBlobs::remove(std::string_view name) {
  step("remove an object");
  return behind_.remove(name);
}

Result<std::vector<BlobListItem>> SteppedBlobs::list(std::string_view prefix,
                                                     std::string_view after,
                                                     std::size_t count_max) {
  return behind_.list(prefix, after, count_max);
}

Result<std::unique_ptr<File>> SteppedFiles::open(const std::string& path, OpenMode mode) {
  step("open a pack");
  SPIND_TRY_ASSIGN(std::unique_ptr<File> file, behind_.open(path, mode));
  return std::unique_ptr<File>(std::make_unique<SteppedFile>(std::move(file)));
}

Status SteppedFiles::rename(const std::string& from, const std::string& to) {
  step("rename a file");
  return behind_.rename(from, to);
}

Status SteppedFiles::remove(const std::string& path) {
  step("remove a pack");
  return behind_.remove(path);
}

}  // namespace spind::test
