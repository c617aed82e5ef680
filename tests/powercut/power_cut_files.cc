#include "powercut/power_cut_files.h"

#include <utility>

#include "base/try.h"

namespace spind::test {
namespace {

// Reads come from the host's file; writes go through the disk.
class PowerCutFile final : public File {
 public:
  PowerCutFile(std::unique_ptr<File> reader, std::unique_ptr<PowerCutDisk::Writer> writer)
      : reader_(std::move(reader)), writer_(std::move(writer)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    return reader_->read_at(offset, out);
  }
  Status append(Bytes bytes) override { return writer_->append(as_text(bytes)); }
  Status sync() override { return writer_->sync(); }
  Status truncate(std::uint64_t size_bytes) override { return writer_->truncate(size_bytes); }
  Status punch(std::uint64_t, std::uint64_t) override {
    return Error{Code::unsupported, "no holes on the test disk"};
  }
  Result<std::uint64_t> size() const override { return reader_->size(); }
  void will_read(std::uint64_t, std::uint64_t) const override {}
  void drop_cache(std::uint64_t, std::uint64_t) const override {}

 private:
  std::unique_ptr<File> reader_;
  std::unique_ptr<PowerCutDisk::Writer> writer_;
};

}  // namespace

Result<std::unique_ptr<File>> PowerCutFiles::open(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::read) return Files::system().open(path, mode);
  if (mode == OpenMode::create_new && disk_.exists(path))
    return Error{Code::already_exists, "the file is there", path};
  auto opened = mode == OpenMode::create_new ? disk_.create(path) : disk_.reopen(path);
  SPIND_TRY_ASSIGN(auto writer, std::move(opened));
  SPIND_TRY_ASSIGN(auto reader, Files::system().open(path, OpenMode::read));
  return std::unique_ptr<File>(
      std::make_unique<PowerCutFile>(std::move(reader), std::move(writer)));
}

Status PowerCutFiles::make_folder(const std::string& path) { return disk_.make_folder(path); }

Status PowerCutFiles::sync_folder(const std::string& path) { return disk_.sync_folder(path); }

Status PowerCutFiles::rename(const std::string& from, const std::string& to) {
  return disk_.rename(from, to);
}

Status PowerCutFiles::remove(const std::string& path) { return disk_.remove(path); }

Result<bool> PowerCutFiles::exists(const std::string& path) { return Files::system().exists(path); }

Result<std::vector<std::string>> PowerCutFiles::list(const std::string& path) {
  return Files::system().list(path);
}

Result<FolderSpace> PowerCutFiles::space(const std::string& path) {
  return Files::system().space(path);
}

// A lock file says nothing that must outlive the process.
Result<std::unique_ptr<FileLock>> PowerCutFiles::lock(const std::string& path) {
  return Files::system().lock(path);
}

}  // namespace spind::test
