// Files over POSIX. What a store writes is readable by its own user only.
#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/errno_error.h"
#include "base/file_descriptor.h"
#include "base/try.h"

namespace spind {
namespace {

// For a longer call the kernel takes larger blocks of memory, which a virtual machine may not have
// yet: then its host has to find them, one after the other.
constexpr std::size_t kWriteBytes = std::size_t{64} << 10;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;
constexpr std::size_t kCopyPartBytes = std::size_t{1} << 20;
constexpr std::size_t kShreddedPartBytes = std::size_t{64} << 10;
constexpr std::size_t kPlacesMax = 64;  // that are read into by one call

class PosixFile final : public File {
 public:
  PosixFile(FileDescriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t got =
          pread(fd(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error(errno, "read", path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<std::size_t> scatter(std::uint64_t offset, Places places) const override {
    std::array<iovec, kPlacesMax> parts{};
    if (places.size() > parts.size()) return File::scatter(offset, places);
    std::size_t wanted = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      parts[i] = {places[i].data(), places[i].size()};
      wanted += places[i].size();
    }
    const ssize_t got =
        preadv(fd(), parts.data(), static_cast<int>(places.size()), static_cast<off_t>(offset));
    if (got >= 0 && static_cast<std::size_t>(got) == wanted) return wanted;
    // It ends here, was interrupted or failed: place by place it is known which.
    return File::scatter(offset, places);
  }

  Status append(Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = write(fd(), bytes.data(), std::min(bytes.size(), kWriteBytes));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return errno_error(errno, "write to", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
  }

  Status sync() override {
    // Not repeated on EINTR: a second fdatasync may say ok for pages that the first one lost.
    if (fdatasync(fd()) != 0) return errno_error(errno, "sync", path_);
    return {};
  }

  Status truncate(std::uint64_t size_bytes) override {
    int failed;
    do {
      failed = ftruncate(fd(), static_cast<off_t>(size_bytes));
    } while (failed != 0 && errno == EINTR);
    if (failed != 0) return errno_error(errno, "truncate", path_);
    return {};
  }

  Status punch(std::uint64_t offset, std::uint64_t size_bytes) override {
    int failed;
    do {
      failed = fallocate(fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         static_cast<off_t>(offset), static_cast<off_t>(size_bytes));
    } while (failed != 0 && errno == EINTR);
    if (failed != 0) return errno_error(errno, "punch a hole into", path_);
    return {};
  }

  Result<std::uint64_t> size() const override {
    struct stat info {};
    if (fstat(fd(), &info) != 0) return errno_error(errno, "stat", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

  void will_read(std::uint64_t offset, std::uint64_t size_bytes) const override {
    posix_fadvise(fd(), static_cast<off_t>(offset), static_cast<off_t>(size_bytes),
                  POSIX_FADV_WILLNEED);
  }

  void drop_cache(std::uint64_t offset, std::uint64_t size_bytes) const override {
    posix_fadvise(fd(), static_cast<off_t>(offset), static_cast<off_t>(size_bytes),
                  POSIX_FADV_DONTNEED);
  }

  void write_soon() const override { sync_file_range(fd(), 0, 0, SYNC_FILE_RANGE_WRITE); }

 private:
  int fd() const { return descriptor_.get(); }
  FileDescriptor descriptor_;
  std::string path_;
};

// For reading, links are followed, as for any program; a file that will be written is never reached
// through one. O_NONBLOCK keeps a named pipe from holding the caller; plain files ignore it.
int open_flags(OpenMode mode) {
  constexpr int kAlways = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  switch (mode) {
    case OpenMode::read: return kAlways | O_RDONLY;
    case OpenMode::append: return kAlways | O_RDWR | O_APPEND | O_NOFOLLOW;
    case OpenMode::create_new: return kAlways | O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW;
  }
  return kAlways | O_RDONLY;
}

class PosixFiles final : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    FileDescriptor descriptor = FileDescriptor::open(path, open_flags(mode), kFileMode);
    if (!descriptor.valid()) return errno_error(errno, "open", path);
    struct stat info {};
    if (fstat(descriptor.get(), &info) != 0) return errno_error(errno, "stat", path);
    if (S_ISDIR(info.st_mode)) return errno_error(EISDIR, "open", path);
    if (!S_ISREG(info.st_mode)) return Error{Code::io_error, "not a plain file", path};
    return std::unique_ptr<File>(std::make_unique<PosixFile>(std::move(descriptor), path));
  }

  Status make_folder(const std::string& path) override {
    if (mkdir(path.c_str(), kFolderMode) == 0) return {};
    if (errno != EEXIST) return errno_error(errno, "make the folder", path);
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return errno_error(errno, "stat", path);
    if (!S_ISDIR(info.st_mode)) return errno_error(ENOTDIR, "make the folder", path);
    return {};
  }

  Status sync_folder(const std::string& path) override {
    const FileDescriptor folder = FileDescriptor::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (!folder.valid()) return errno_error(errno, "open the folder", path);
    if (fsync(folder.get()) != 0) return errno_error(errno, "sync the folder", path);
    return {};
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) return errno_error(errno, "rename to", to);
    return {};
  }

  Status link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    // Another device, a file system without links, one that has too many, or a file of somebody
    // else.
    if (errno == EXDEV || errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK)
      return Error{Code::unsupported, "the file cannot have a second name there", to};
    return errno_error(errno, "link to", to);
  }

  Status remove(const std::string& path) override {
    if (unlink(path.c_str()) == 0) return {};
    // Linux says EISDIR, POSIX says EPERM, for a folder; an empty one may go as well.
    if ((errno == EISDIR || errno == EPERM) && rmdir(path.c_str()) == 0) return {};
    return errno_error(errno, "remove", path);
  }

  Status shred(const std::string& path) override {
    const FileDescriptor file =
        FileDescriptor::open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    if (!file.valid()) return errno_error(errno, "open", path);
    struct stat info {};
    if (fstat(file.get(), &info) != 0) return errno_error(errno, "stat", path);
    if (!S_ISREG(info.st_mode)) return Error{Code::io_error, "not a plain file", path};
    const std::vector<std::uint8_t> zeros(kShreddedPartBytes);
    for (off_t at = 0; at < info.st_size;) {
      const std::size_t part = static_cast<std::size_t>(
          std::min<off_t>(info.st_size - at, static_cast<off_t>(zeros.size())));
      const ssize_t put = pwrite(file.get(), zeros.data(), part, at);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return errno_error(errno, "overwrite", path);
      at += put;
    }
    if (fsync(file.get()) != 0) return errno_error(errno, "sync", path);
    return remove(path);
  }

  Result<bool> exists(const std::string& path) override {
    struct stat info {};
    if (stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return errno_error(errno, "stat", path);
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), &closedir);
    if (folder == nullptr) return errno_error(errno, "list", path);
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* item = readdir(folder.get());
      if (item == nullptr) break;
      const std::string_view name = item->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return errno_error(errno, "list", path);
    return names;
  }

  Result<FolderSpace> space(const std::string& path) override {
    struct statvfs info {};
    if (statvfs(path.c_str(), &info) != 0) return errno_error(errno, "measure", path);
    return FolderSpace{std::uint64_t{info.f_bavail} * info.f_frsize,
                       std::uint64_t{info.f_blocks} * info.f_frsize};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
};

// The lock lives as long as the open file: the kernel drops it with the process, however it ends.
// It belongs to the open file and not to the process, so a second store in this process is refused
// as well.
class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  FileDescriptor descriptor_;
};

std::string holder_text(int fd) {
  std::array<char, 20> digits{};
  const ssize_t got = pread(fd, digits.data(), digits.size(), 0);
  std::string pid;
  const std::string_view text(digits.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
  for (const char digit : text.substr(0, text.find_first_not_of("0123456789"))) pid += digit;
  if (pid.empty()) return "held by another store";
  return (pid == std::to_string(getpid()) ? "held by this process, id " : "held by process ") + pid;
}

Result<std::unique_ptr<FileLock>> PosixFiles::lock(const std::string& path) {
  FileDescriptor descriptor =
      FileDescriptor::open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (!descriptor.valid()) return errno_error(errno, "open the lock", path);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (fcntl(descriptor.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno == EAGAIN || errno == EACCES)
      return Error{Code::busy, holder_text(descriptor.get()), path};
    return errno_error(errno, "lock", path);
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor.get(), 0) != 0 ||
      pwrite(descriptor.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return errno_error(errno, "write the process id to", path);
  return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(descriptor)));
}

}  // namespace

Result<std::size_t> File::scatter(std::uint64_t offset, Places places) const {
  return read_each(offset, places, [this](std::uint64_t at, std::span<std::uint8_t> place) {
    return read_at(at, place);
  });
}

Status Files::link(const std::string&, const std::string& to) {
  return Error{Code::unsupported, "these files cannot have second names", to};
}

Files& Files::system() {
  static Files* const files = std::make_unique<PosixFiles>().release();
  return *files;
}

Result<std::string> read_file(Files& files, const std::string& path, std::uint64_t size_bytes_max) {
  SPIND_TRY_ASSIGN(const std::unique_ptr<File> file, files.open(path, OpenMode::read));
  SPIND_TRY_ASSIGN(const std::uint64_t size, file->size());
  if (size > size_bytes_max)
    return Error{Code::limit_exceeded, "the file is too large", path, size_bytes_max, size};
  std::string bytes(size, '\0');
  SPIND_TRY_ASSIGN(const std::size_t got,
                   file->read_at(0, {reinterpret_cast<std::uint8_t*>(bytes.data()), size}));
  bytes.resize(got);
  return bytes;
}

namespace {

// The folder that a path's last name lies in.
std::string folder_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Status make_folder_durably(Files& files, const std::string& path) {
  SPIND_TRY(files.make_folder(path));
  return files.sync_folder(folder_of(path));
}

Status write_file_durably(Files& files, const std::string& path, Bytes bytes) {
  const std::string temporary = path + ".tmp";
  if (const Status gone = files.remove(temporary); !gone.ok() && gone.code() != Code::not_found)
    return gone.error();
  const auto write = [&]() -> Status {
    SPIND_TRY_ASSIGN(const std::unique_ptr<File> file, files.open(temporary, OpenMode::create_new));
    SPIND_TRY(file->append(bytes));
    return file->sync();
  };
  Status written = write();
  if (written.ok()) written = files.rename(temporary, path);
  if (!written.ok()) {
    (void)files.remove(temporary);
    return written;
  }
  return files.sync_folder(folder_of(path));
}

Result<std::uint64_t> copy_file(Files& files, const std::string& from, const std::string& to) {
  SPIND_TRY_ASSIGN(const std::unique_ptr<File> source, files.open(from, OpenMode::read));
  SPIND_TRY_ASSIGN(const std::uint64_t size, source->size());
  SPIND_TRY_ASSIGN(const std::unique_ptr<File> copy, files.open(to, OpenMode::create_new));
  std::vector<std::uint8_t> part(kCopyPartBytes);
  for (std::uint64_t done = 0; done < size;) {
    const std::span<std::uint8_t> wanted =
        std::span(part).first(std::min<std::uint64_t>(part.size(), size - done));
    SPIND_TRY_ASSIGN(const std::size_t got, source->read_at(done, wanted));
    if (got == 0) break;  // it has become shorter
    SPIND_TRY(copy->append(wanted.first(got)));
    done += got;
  }
  SPIND_TRY(copy->sync());
  return copy->size();
}

}  // namespace spind
