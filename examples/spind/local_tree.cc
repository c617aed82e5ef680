#include "local_tree.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace spind::tool {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
// O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
constexpr int kFileFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
constexpr ::mode_t kFolderMode = 0777;  // less the umask
constexpr ::mode_t kFileMode = 0666;

Code code_of(int error_number) {
  switch (error_number) {
    case ENOENT: return Code::not_found;
    case EEXIST: return Code::already_exists;
    case EACCES:
    case EPERM: return Code::permission_denied;
    case ENOTDIR: return Code::not_a_folder;
    case EISDIR: return Code::is_a_folder;
    case ENAMETOOLONG: return Code::name_too_long;
    case ENOSPC:
    case EDQUOT: return Code::no_space;
    case ELOOP: return Code::unsupported;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return Code::unavailable;
    default: return Code::io_error;
  }
}

std::int64_t nanoseconds(const ::timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

::timespec to_timespec(std::int64_t time_ns) {
  std::int64_t seconds = time_ns / 1'000'000'000;
  std::int64_t rest = time_ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  return {.tv_sec = seconds, .tv_nsec = rest};
}

LocalStat to_local_stat(const struct ::stat& info) {
  LocalStat out;
  out.kind = S_ISREG(info.st_mode)   ? LocalKind::file
             : S_ISDIR(info.st_mode) ? LocalKind::folder
             : S_ISLNK(info.st_mode) ? LocalKind::symlink
                                     : LocalKind::other;
  out.size_bytes = static_cast<std::uint64_t>(info.st_size);
  out.mtime_ns = nanoseconds(info.st_mtim);
  out.changed_ns = nanoseconds(info.st_ctim);
  out.inode = info.st_ino;
  return out;
}

Error not_a_file(LocalKind kind, const std::string& path) {
  if (kind == LocalKind::folder) {
    return {.code = Code::is_a_folder, .text = "a folder, not a file", .path = path};
  }
  return {.code = Code::unsupported,
          .text = kind == LocalKind::symlink ? "symbolic links are not stored"
                                             : "neither a file nor a folder",
          .path = path};
}

std::array<::timespec, 2> only_mtime(std::int64_t mtime_ns) {
  return {::timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, to_timespec(mtime_ns)};
}

// Unlikely to be anybody's file, and never an existing one: it is made with O_EXCL.
std::string temporary_name() {
  std::array<unsigned char, 8> random{};
  (void)!::getrandom(random.data(), random.size(), 0);
  std::string out = ".spind-";
  for (const unsigned char byte : random) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out + ".part";
}

}  // namespace

Error system_error(int error_number, std::string_view text, std::string_view path) {
  std::string line(text);
  if (error_number == ELOOP)
    line += ": a symbolic link stands there";
  else
    line += std::string(": ") + std::strerror(error_number);
  return {.code = code_of(error_number), .text = std::move(line), .path = std::string(path)};
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Result<LocalFile> open_local_file(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  Result<std::shared_ptr<LocalFolder>> opened = LocalFolder::open(folder);
  if (!opened.ok()) return std::move(opened).error();
  return (*opened)->open_file(path.substr(slash + 1));
}

Result<std::size_t> LocalFile::read(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::read(fd_.get(), out.data() + done, out.size() - done);
    if (got == 0) break;
    if (got > 0)
      done += static_cast<std::size_t>(got);
    else if (errno != EINTR)
      return system_error(errno, "cannot read", path_);
  }
  return done;
}

Status LocalFile::check_unchanged() const {
  struct ::stat info {};
  if (::fstat(fd_.get(), &info) != 0) return system_error(errno, "cannot stat", path_);
  if (to_local_stat(info) == stat_) return {};
  return Error{.code = Code::aborted, .text = "changed while it was read", .path = path_};
}

Result<std::shared_ptr<LocalFolder>> LocalFolder::open(const std::string& path) {
  Fd fd(::open(path.c_str(), kFolderFlags));
  if (fd.get() < 0) return system_error(errno, "cannot open folder", path);
  return std::make_shared<LocalFolder>(std::move(fd), path);
}

Result<std::shared_ptr<LocalFolder>> LocalFolder::open_or_make(const std::string& path) {
  if (::mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return system_error(errno, "cannot make folder", path);
  }
  return open(path);
}

LocalFolder::~LocalFolder() {
  if (!mtime_at_end_ns_) return;
  const std::array<::timespec, 2> times = only_mtime(*mtime_at_end_ns_);
  // The files are there; a folder's mtime that the file system refuses is not worth failing for.
  (void)::futimens(fd_.get(), times.data());
}

std::string LocalFolder::path_of(std::string_view name) const {
  std::string out = path_;
  if (!out.ends_with('/')) out += '/';
  return out += name;
}

Result<LocalStat> LocalFolder::stat(const std::string& name) const {
  struct ::stat info {};
  if (::fstatat(fd_.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return system_error(errno, "cannot stat", path_of(name));
  }
  return to_local_stat(info);
}

Result<LocalFile> LocalFolder::open_file(const std::string& name) const {
  Fd fd(::openat(fd_.get(), name.c_str(), kFileFlags));
  if (fd.get() < 0) {
    const int error_number = errno;
    // A socket cannot be opened at all (ENXIO).
    const Result<LocalStat> found = stat(name);
    if (found.ok() && found->kind != LocalKind::file) return not_a_file(found->kind, path_of(name));
    return system_error(error_number, "cannot open", path_of(name));
  }
  struct ::stat info {};
  if (::fstat(fd.get(), &info) != 0) return system_error(errno, "cannot stat", path_of(name));
  const LocalStat stat = to_local_stat(info);
  if (stat.kind != LocalKind::file) return not_a_file(stat.kind, path_of(name));
  return LocalFile(std::move(fd), path_of(name), stat);
}

Result<std::shared_ptr<LocalFolder>> LocalFolder::open_folder(const std::string& name) const {
  Fd fd(::openat(fd_.get(), name.c_str(), kFolderFlags | O_NOFOLLOW));
  if (fd.get() < 0) {
    // O_DIRECTORY | O_NOFOLLOW answers ENOTDIR for a symbolic link.
    int error_number = errno;
    if (const Result<LocalStat> found = stat(name); found.ok() && error_number == ENOTDIR) {
      if (found->kind == LocalKind::symlink) error_number = ELOOP;
    }
    return system_error(error_number, "cannot open folder", path_of(name));
  }
  return std::make_shared<LocalFolder>(std::move(fd), path_of(name));
}

Result<std::shared_ptr<LocalFolder>> LocalFolder::make_folder(const std::string& name) const {
  if (::mkdirat(fd_.get(), name.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return system_error(errno, "cannot make folder", path_of(name));
  }
  return open_folder(name);
}

Result<std::int64_t> LocalFolder::mtime_ns() const {
  struct ::stat info {};
  if (::fstat(fd_.get(), &info) != 0) return system_error(errno, "cannot stat", path_);
  return nanoseconds(info.st_mtim);
}

Result<LocalEntries> LocalEntries::open(const std::shared_ptr<const LocalFolder>& folder) {
  // A descriptor of its own, since reading moves the place that all copies of one share.
  Fd fd(::openat(folder->fd_.get(), ".", kFolderFlags));
  if (fd.get() < 0) return system_error(errno, "cannot open folder", folder->path());
  DIR* stream = ::fdopendir(fd.get());
  if (stream == nullptr) return system_error(errno, "cannot read folder", folder->path());
  fd.release();
  return LocalEntries(stream, folder);
}

Result<std::optional<LocalEntry>> LocalEntries::next() {
  for (;;) {
    errno = 0;
    const ::dirent* entry = ::readdir(stream_.get());
    if (entry == nullptr && errno != 0) {
      return system_error(errno, "cannot read folder", folder_->path());
    }
    if (entry == nullptr) return std::optional<LocalEntry>();
    LocalEntry out{.name = entry->d_name};
    if (out.name == "." || out.name == "..") continue;
    switch (entry->d_type) {
      case DT_REG: out.kind = LocalKind::file; break;
      case DT_DIR: out.kind = LocalKind::folder; break;
      case DT_LNK: out.kind = LocalKind::symlink; break;
      case DT_UNKNOWN:
        if (const Result<LocalStat> found = folder_->stat(out.name); found.ok()) {
          out.kind = found->kind;
        }
        break;
      default: break;
    }
    return std::optional<LocalEntry>(std::move(out));
  }
}

Result<std::vector<LocalEntry>> sorted_entries(const std::shared_ptr<const LocalFolder>& folder) {
  Result<LocalEntries> entries = LocalEntries::open(folder);
  if (!entries.ok()) return std::move(entries).error();
  std::vector<LocalEntry> out;
  for (;;) {
    Result<std::optional<LocalEntry>> entry = entries->next();
    if (!entry.ok()) return std::move(entry).error();
    if (!entry->has_value()) break;
    out.push_back(*std::move(*entry));
  }
  std::sort(out.begin(), out.end(),
            [](const LocalEntry& a, const LocalEntry& b) { return a.name < b.name; });
  return out;
}

Status check_local_name(std::string_view name) {
  if (!name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
      name.find('\0') == name.npos) {
    return {};
  }
  return Error{.code = Code::corruption,
               .text = "a stored name that no local file can have",
               .path = std::string(name)};
}

Result<AtomicFile> AtomicFile::create(std::shared_ptr<const LocalFolder> folder, std::string name) {
  if (Status checked = check_local_name(name); !checked.ok()) return std::move(checked).error();
  for (int attempt = 0;; ++attempt) {
    std::string temporary = temporary_name();
    Fd fd(::openat(folder->fd_.get(), temporary.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
    if (fd.get() < 0 && errno == EEXIST && attempt < 8) continue;
    if (fd.get() < 0) return system_error(errno, "cannot make file", folder->path_of(name));
    return AtomicFile(std::move(folder), std::move(name), std::move(temporary), std::move(fd));
  }
}

AtomicFile::~AtomicFile() {
  if (folder_ != nullptr && !temporary_.empty()) {
    ::unlinkat(folder_->fd_.get(), temporary_.c_str(), 0);
  }
}

Status AtomicFile::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written >= 0)
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      return system_error(errno, "cannot write", folder_->path_of(name_));
  }
  return {};
}

Status AtomicFile::commit(std::int64_t mtime_ns, bool sync) {
  const std::string path = folder_->path_of(name_);
  const std::array<::timespec, 2> times = only_mtime(mtime_ns);
  if (::futimens(fd_.get(), times.data()) != 0) {
    return system_error(errno, "cannot set the mtime", path);
  }
  if (sync && ::fdatasync(fd_.get()) != 0) return system_error(errno, "cannot sync", path);
  // Some file systems report a failed write only here.
  if (::close(fd_.release()) != 0) return system_error(errno, "cannot write", path);
  const int folder = folder_->fd_.get();
  if (::renameat(folder, temporary_.c_str(), folder, name_.c_str()) != 0) {
    return system_error(errno, "cannot rename into place", path);
  }
  temporary_.clear();
  return {};
}

}  // namespace spind::tool
