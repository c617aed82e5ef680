// Local files and folders, by descriptor: a name is always looked up in an open folder and never
// through a symbolic link, so that nobody who can write to the tree meanwhile can lead the tool out
// of it. Only the path that the user typed is followed as it stands.
//
//   auto root = LocalFolder::open("photos").value();
//   auto file = root->open_file("a.jpg").value();
#pragma once

#include <dirent.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spind/result.h"

namespace spind::tool {

// The error for `error_number` (an errno), about `path`.
Error system_error(int error_number, std::string_view text, std::string_view path);

enum class LocalKind { file, folder, symlink, other };

struct LocalStat {
  LocalKind kind = LocalKind::other;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t changed_ns = 0;  // ctime: also moved by a change that resets the mtime
  std::uint64_t inode = 0;
  bool operator==(const LocalStat&) const = default;
};

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// An open file that is read from its beginning. One thread at a time.
class LocalFile {
 public:
  LocalFile(Fd fd, std::string path, const LocalStat& stat)
      : fd_(std::move(fd)), path_(std::move(path)), stat_(stat) {}

  const std::string& path() const { return path_; }
  // As the file was when it was opened.
  const LocalStat& stat() const { return stat_; }
  // Goes on where the last call ended; fewer bytes than asked for only at the end.
  Result<std::size_t> read(std::span<std::uint8_t> out);
  // aborted if the file is not what it was when it was opened.
  Status check_unchanged() const;

 private:
  Fd fd_;
  std::string path_;
  LocalStat stat_;
};

// The file at a path as the user typed it: a symbolic link at its end is not followed.
Result<LocalFile> open_local_file(const std::string& path);

struct LocalEntry {
  std::string name;
  LocalKind kind = LocalKind::other;
};

// Const calls are thread-safe.
class LocalFolder : public std::enable_shared_from_this<LocalFolder> {
 public:
  static Result<std::shared_ptr<LocalFolder>> open(const std::string& path);
  // Also makes it, parents not included, where it is missing.
  static Result<std::shared_ptr<LocalFolder>> open_or_make(const std::string& path);

  LocalFolder(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  // Sets the mtime that set_mtime_at_end gave: only now has nobody files to put into it.
  ~LocalFolder();

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view name) const;

  Result<LocalStat> stat(const std::string& name) const;
  Result<LocalFile> open_file(const std::string& name) const;
  Result<std::shared_ptr<LocalFolder>> open_folder(const std::string& name) const;
  // An existing folder is no error.
  Result<std::shared_ptr<LocalFolder>> make_folder(const std::string& name) const;
  Result<std::int64_t> mtime_ns() const;
  void set_mtime_at_end(std::int64_t mtime_ns) { mtime_at_end_ns_ = mtime_ns; }

 private:
  friend class LocalEntries;
  friend class AtomicFile;

  Fd fd_;
  std::string path_;
  std::optional<std::int64_t> mtime_at_end_ns_;
};

// The entries of a folder, streamed in no order. One thread at a time.
class LocalEntries {
 public:
  static Result<LocalEntries> open(const std::shared_ptr<const LocalFolder>& folder);
  // none at the end.
  Result<std::optional<LocalEntry>> next();

 private:
  struct CloseFolder {
    void operator()(DIR* stream) const { ::closedir(stream); }
  };
  LocalEntries(DIR* stream, std::shared_ptr<const LocalFolder> folder)
      : stream_(stream), folder_(std::move(folder)) {}

  std::unique_ptr<DIR, CloseFolder> stream_;
  std::shared_ptr<const LocalFolder> folder_;
};

// All of them, sorted by their bytes.
Result<std::vector<LocalEntry>> sorted_entries(const std::shared_ptr<const LocalFolder>& folder);

// Whether a name may be made in a local folder: no "..", no '/', nothing that leads elsewhere.
Status check_local_name(std::string_view name);

// A file that appears under its name whole, or not at all. Without sync the system decides when
// its bytes reach the disk, as it does for cp. One thread at a time.
class AtomicFile {
 public:
  static Result<AtomicFile> create(std::shared_ptr<const LocalFolder> folder, std::string name);
  AtomicFile(AtomicFile&&) noexcept = default;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  Status write(std::span<const std::uint8_t> bytes);
  Status commit(std::int64_t mtime_ns, bool sync);

 private:
  AtomicFile(std::shared_ptr<const LocalFolder> folder, std::string name, std::string temporary,
             Fd fd)
      : folder_(std::move(folder)),
        name_(std::move(name)),
        temporary_(std::move(temporary)),
        fd_(std::move(fd)) {}

  std::shared_ptr<const LocalFolder> folder_;
  std::string name_, temporary_;
  Fd fd_;
};

}  // namespace spind::tool
