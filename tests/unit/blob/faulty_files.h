// The system's files, of which a test can fail any changing call, or let an append write only half.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/files.h"

namespace spind::test {

enum class FileCall {
  open,
  append,
  sync,
  truncate,
  punch,
  make_folder,
  sync_folder,
  rename,
  link,
  remove
};

// Thread-safe if the hook is.
class FaultyFiles final : public Files {
 public:
  // Asked before each changing call; an error fails the call. A failing append writes the first
  // half of its bytes, as a full device does.
  using Hook = std::function<std::optional<Error>(FileCall, const std::string& path)>;

  explicit FaultyFiles(Hook hook = nullptr) : hook_(std::move(hook)) {}
  // That were asked for.
  std::atomic<std::uint64_t> bytes_read = 0;
  void set(Hook hook) { hook_ = std::move(hook); }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    if (mode != OpenMode::read) {
      if (auto error = ask(FileCall::open, path)) return *std::move(error);
    }
    auto file = under_.open(path, mode);
    if (!file.ok()) return file;
    return std::unique_ptr<File>(std::make_unique<Faulty>(*this, std::move(*file), path));
  }
  Status make_folder(const std::string& path) override {
    return guarded(FileCall::make_folder, path, [&] { return under_.make_folder(path); });
  }
  Status sync_folder(const std::string& path) override {
    return guarded(FileCall::sync_folder, path, [&] { return under_.sync_folder(path); });
  }
  Status rename(const std::string& from, const std::string& to) override {
    return guarded(FileCall::rename, to, [&] { return under_.rename(from, to); });
  }
  Status remove(const std::string& path) override {
    return guarded(FileCall::remove, path, [&] { return under_.remove(path); });
  }
  Status link(const std::string& from, const std::string& to) override {
    return guarded(FileCall::link, to, [&] { return under_.link(from, to); });
  }
  Status shred(const std::string& path) override {
    return guarded(FileCall::remove, path, [&] { return under_.shred(path); });
  }
  Result<bool> exists(const std::string& path) override { return under_.exists(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return under_.list(path);
  }
  Result<FolderSpace> space(const std::string& path) override { return under_.space(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return under_.lock(path);
  }

 private:
  class Faulty final : public File {
   public:
    Faulty(FaultyFiles& files, std::unique_ptr<File> under, std::string path)
        : files_(files), under_(std::move(under)), path_(std::move(path)) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
      files_.bytes_read += out.size();
      return under_->read_at(offset, out);
    }
    Status append(Bytes bytes) override {
      auto error = files_.ask(FileCall::append, path_);
      if (!error) return under_->append(bytes);
      (void)under_->append(bytes.first(bytes.size() / 2));
      return *std::move(error);
    }
    Status sync() override {
      return files_.guarded(FileCall::sync, path_, [&] { return under_->sync(); });
    }
    Status truncate(std::uint64_t size) override {
      return files_.guarded(FileCall::truncate, path_, [&] { return under_->truncate(size); });
    }
    Status punch(std::uint64_t offset, std::uint64_t size) override {
      return files_.guarded(FileCall::punch, path_, [&] { return under_->punch(offset, size); });
    }
    Result<std::uint64_t> size() const override { return under_->size(); }
    void will_read(std::uint64_t, std::uint64_t) const override {}
    void drop_cache(std::uint64_t, std::uint64_t) const override {}

   private:
    FaultyFiles& files_;
    std::unique_ptr<File> under_;
    std::string path_;
  };

  std::optional<Error> ask(FileCall call, const std::string& path) {
    return hook_ ? hook_(call, path) : std::nullopt;
  }
  template <class Do>
  Status guarded(FileCall call, const std::string& path, Do&& action) {
    if (auto error = ask(call, path)) return *std::move(error);
    return action();
  }

  Hook hook_;
  Files& under_ = Files::system();
};

}  // namespace spind::test
