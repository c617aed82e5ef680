#include "support/store/faults.h"

#include "base/try.h"

namespace spind::test {
namespace {

class FaultFile : public File {
 public:
  FaultFile(std::unique_ptr<File> behind, FaultPoint& point)
      : behind_(std::move(behind)), point_(point) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    SPIND_TRY(point_.hit("read_at"));
    return behind_->read_at(offset, out);
  }
  Status append(Bytes bytes) override {
    if (Status failed = point_.hit("append"); !failed.ok()) {
      SPIND_TRY(behind_->append(bytes.first(bytes.size() / 2)));
      return failed;
    }
    return behind_->append(bytes);
  }
  Status sync() override { return point_.hit("sync"); }
  Status truncate(std::uint64_t size_bytes) override {
    SPIND_TRY(point_.hit("truncate"));
    return behind_->truncate(size_bytes);
  }
  Status punch(std::uint64_t offset, std::uint64_t size_bytes) override {
    SPIND_TRY(point_.hit("punch"));
    return behind_->punch(offset, size_bytes);
  }
  Result<std::uint64_t> size() const override {
    SPIND_TRY(point_.hit("size"));
    return behind_->size();
  }
  void will_read(std::uint64_t offset, std::uint64_t size_bytes) const override {
    behind_->will_read(offset, size_bytes);
  }
  void drop_cache(std::uint64_t offset, std::uint64_t size_bytes) const override {
    behind_->drop_cache(offset, size_bytes);
  }
  void write_soon() const override { behind_->write_soon(); }

 private:
  std::unique_ptr<File> behind_;
  FaultPoint& point_;
};

}  // namespace

void FaultPoint::arm(std::uint64_t n, Code code, bool lasting) {
  code_ = code;
  lasting_ = lasting;
  fired_ = false;
  left_ = static_cast<std::int64_t>(n);
}

Status FaultPoint::hit(std::string_view call) {
  if (left_ < 0) return {};
  const std::int64_t left = --left_;
  if (left > 0 || (left < 0 && !lasting_)) return {};
  if (lasting_) left_ = 1;  // the next call is due as well
  fired_ = true;
  return Error{.code = code_, .text = "injected fault in " + std::string(call)};
}

Result<std::unique_ptr<File>> FaultFiles::open(const std::string& path, OpenMode mode) {
  SPIND_TRY(point_.hit("open"));
  SPIND_TRY_ASSIGN(std::unique_ptr<File> file, behind_.open(path, mode));
  return std::unique_ptr<File>(std::make_unique<FaultFile>(std::move(file), point_));
}

Status FaultFiles::make_folder(const std::string& path) {
  SPIND_TRY(point_.hit("make_folder"));
  return behind_.make_folder(path);
}

Status FaultFiles::sync_folder(const std::string&) { return point_.hit("sync_folder"); }

Status FaultFiles::rename(const std::string& from, const std::string& to) {
  SPIND_TRY(point_.hit("rename"));
  return behind_.rename(from, to);
}

Status FaultFiles::link(const std::string& from, const std::string& to) {
  SPIND_TRY(point_.hit("link"));
  return behind_.link(from, to);
}

Status FaultFiles::remove(const std::string& path) {
  SPIND_TRY(point_.hit("remove"));
  return behind_.remove(path);
}

Status FaultFiles::shred(const std::string& path) {
  if (Status failed = point_.hit("shred"); !failed.ok()) {
    SPIND_TRY_ASSIGN(const std::unique_ptr<File> file, behind_.open(path, OpenMode::append));
    SPIND_TRY_ASSIGN(const std::uint64_t size_bytes, file->size());
    SPIND_TRY(file->truncate(size_bytes / 2));
    return failed;
  }
  return behind_.shred(path);
}

Result<bool> FaultFiles::exists(const std::string& path) {
  SPIND_TRY(point_.hit("exists"));
  return behind_.exists(path);
}

Result<std::vector<std::string>> FaultFiles::list(const std::string& path) {
  SPIND_TRY(point_.hit("list"));
  return behind_.list(path);
}

Result<FolderSpace> FaultFiles::space(const std::string& path) {
  SPIND_TRY(point_.hit("space"));
  return behind_.space(path);
}

Result<std::unique_ptr<FileLock>> FaultFiles::lock(const std::string& path) {
  SPIND_TRY(point_.hit("lock"));
  return behind_.lock(path);
}

Status FaultBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  SPIND_TRY(point_.hit("put"));
  return behind_->put(name, bytes);
}

Result<std::vector<std::uint8_t>> FaultBlobs::get(std::string_view name,
                                                  std::uint64_t size_bytes_max) {
  SPIND_TRY(point_.hit("get"));
  return behind_->get(name, size_bytes_max);
}

Result<std::size_t> FaultBlobs::range(std::string_view name, std::uint64_t offset,
                                      std::span<std::uint8_t> out) {
  SPIND_TRY(point_.hit("range"));
  return behind_->range(name, offset, out);
}

Status FaultBlobs::remove(std::string_view name) {
  SPIND_TRY(point_.hit("remove"));
  return behind_->remove(name);
}

Result<std::vector<BlobListItem>> FaultBlobs::list(std::string_view prefix, std::string_view after,
                                                   std::size_t count_max) {
  SPIND_TRY(point_.hit("list"));
  return behind_->list(prefix, after, count_max);
}

}  // namespace spind::test
