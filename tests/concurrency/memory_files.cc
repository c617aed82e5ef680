#include "concurrency/memory_files.h"

#include <algorithm>
#include <cstring>

namespace spind::test {
namespace {

class MemoryFile final : public File {
 public:
  explicit MemoryFile(std::shared_ptr<MemoryFiles::Content> content)
      : content_(std::move(content)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    const std::lock_guard lock(content_->mutex);
    if (offset >= content_->bytes.size()) return std::size_t{0};
    const std::string_view rest = std::string_view(content_->bytes).substr(offset);
    const std::size_t count = std::min(rest.size(), out.size());
    std::memcpy(out.data(), rest.data(), count);
    return count;
  }
  Status append(Bytes bytes) override {
    const std::lock_guard lock(content_->mutex);
    content_->bytes.append(as_text(bytes));
    return {};
  }
  Status sync() override { return {}; }
  Status truncate(std::uint64_t size_bytes) override {
    const std::lock_guard lock(content_->mutex);
    content_->bytes.resize(size_bytes);
    return {};
  }
  Status punch(std::uint64_t offset, std::uint64_t size_bytes) override {
    const std::lock_guard lock(content_->mutex);
    std::string& bytes = content_->bytes;
    const std::uint64_t end = std::min<std::uint64_t>(bytes.size(), offset + size_bytes);
    if (offset < end) std::memset(bytes.data() + offset, 0, end - offset);
    return {};
  }
  Result<std::uint64_t> size() const override {
    const std::lock_guard lock(content_->mutex);
    return std::uint64_t{content_->bytes.size()};
  }
  void will_read(std::uint64_t, std::uint64_t) const override {}
  void drop_cache(std::uint64_t, std::uint64_t) const override {}

 private:
  const std::shared_ptr<MemoryFiles::Content> content_;
};

Error missing(const std::string& path) { return {Code::not_found, "no such file", path}; }

}  // namespace

MemoryFiles::MemoryFiles(const MemoryFiles& other) {
  for (const auto& [path, bytes] : other.all()) {
    files_[path] = std::make_shared<Content>();
    files_[path]->bytes = bytes;
  }
  const std::lock_guard lock(other.mutex_);
  folders_ = other.folders_;
}

std::map<std::string, std::string> MemoryFiles::all() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> all;
  for (const auto& [path, content] : files_) {
    const std::lock_guard content_lock(content->mutex);
    all[path] = content->bytes;
  }
  return all;
}

Result<std::unique_ptr<File>> MemoryFiles::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  auto found = files_.find(path);
  if (mode == OpenMode::create_new) {
    if (found != files_.end()) return Error{Code::already_exists, "the file is there", path};
    found = files_.emplace(path, std::make_shared<Content>()).first;
  }
  if (found == files_.end()) return missing(path);
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(found->second));
}

Status MemoryFiles::make_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  folders_.insert(path);
  return {};
}

Status MemoryFiles::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  auto moved = files_.extract(from);
  if (moved.empty()) return missing(from);
  files_[to] = std::move(moved.mapped());
  return {};
}

Status MemoryFiles::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (files_.erase(path) + folders_.erase(path) == 0) return missing(path);
  return {};
}

Result<bool> MemoryFiles::exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return files_.contains(path) || folders_.contains(path);
}

Result<std::vector<std::string>> MemoryFiles::list(const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  const auto look_at = [&](const std::string& other) {
    if (!other.starts_with(path + '/')) return;
    const std::string name = other.substr(path.size() + 1);
    if (name.find('/') == std::string::npos) names.push_back(name);
  };
  for (const auto& item : files_) look_at(item.first);
  for (const std::string& folder : folders_) look_at(folder);
  return names;
}

Result<FolderSpace> MemoryFiles::space(const std::string&) {
  return FolderSpace{std::uint64_t{1} << 40, std::uint64_t{1} << 40};
}

Result<std::unique_ptr<FileLock>> MemoryFiles::lock(const std::string&) {
  return std::make_unique<FileLock>();
}

}  // namespace spind::test
