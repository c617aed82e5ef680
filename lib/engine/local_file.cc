#include "engine/local_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/try.h"

namespace spind::engine {
namespace {

Error open_error(int number, const std::string& path) {
  Code code = Code::io_error;
  if (number == ENOENT || number == ENOTDIR) code = Code::not_found;
  if (number == EACCES || number == EPERM) code = Code::permission_denied;
  if (number == ELOOP) code = Code::invalid_argument;  // a symbolic link
  if (number == EMFILE || number == ENFILE) code = Code::unavailable;
  return {
      .code = code, .text = "cannot read: " + std::system_category().message(number), .path = path};
}

// Times that 64 bits cannot hold (after 2262) become the nearest that they can.
std::int64_t nanoseconds(const timespec& time) {
  std::int64_t scaled = 0, sum = 0;
  if (!__builtin_mul_overflow(std::int64_t{time.tv_sec}, std::int64_t{1'000'000'000}, &scaled) &&
      !__builtin_add_overflow(scaled, std::int64_t{time.tv_nsec}, &sum))
    return sum;
  return time.tv_sec < 0 ? INT64_MIN : INT64_MAX;
}

}  // namespace

Result<LocalFile> LocalFile::open(const std::string& path) {
  // O_NONBLOCK: a pipe at the path must not hold the caller up; regular files ignore it.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return open_error(errno, path);
  LocalFile file(descriptor, path);
  SPIND_TRY_ASSIGN(file.first_look_, file.look());
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return file;
}

LocalFile::LocalFile(LocalFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      first_look_(other.first_look_) {}

LocalFile::~LocalFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::size_t> LocalFile::read(std::span<std::uint8_t> out) {
  for (;;) {
    const ssize_t got = ::read(descriptor_, out.data(), out.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR)
      return error(Code::io_error, "cannot read: " + std::system_category().message(errno));
  }
}

Status LocalFile::check_unchanged(std::uint64_t bytes_read) const {
  SPIND_TRY_ASSIGN(const Look now, look());
  if (bytes_read == first_look_.size_bytes && now == first_look_) return {};
  return error(Code::aborted, "the file changed while it was read");
}

Result<LocalFile::Look> LocalFile::look() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0)
    return error(Code::io_error, "cannot look at: " + std::system_category().message(errno));
  if (!S_ISREG(status.st_mode)) return error(Code::invalid_argument, "not a regular file");
  return Look{static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
              nanoseconds(status.st_ctim)};
}

Error LocalFile::error(Code code, std::string text) const {
  return {.code = code, .text = std::move(text), .path = path_};
}

}  // namespace spind::engine
