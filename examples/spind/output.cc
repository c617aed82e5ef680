#include "output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace spind::tool {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;

// Somebody else may have made the pipe that we were given a non-blocking one.
void wait_writable(int fd) {
  pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
  (void)::poll(&entry, 1, -1);
}

}  // namespace

void Output::write(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (failure_ != 0) return;
  buffer_ += text;
  if (buffer_.size() >= kBufferBytes) drain();
}

bool Output::flush() {
  const std::lock_guard lock(mutex_);
  drain();
  return failure_ == 0;
}

bool Output::failed() const { return failure() != 0; }

int Output::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Output::drain() {
  std::string_view rest = buffer_;
  while (!rest.empty() && failure_ == 0) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0)
      rest.remove_prefix(static_cast<std::size_t>(written));
    else if (errno == EAGAIN)
      wait_writable(fd_);
    else if (errno != EINTR)
      failure_ = errno;
  }
  buffer_.clear();
}

void reserve_standard_descriptors() {
  // The wrong way round, so that reading from or writing to a closed one fails as it should.
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    const int opened = ::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
    if (opened >= 0 && opened != fd) ::close(opened);
  }
}

}  // namespace spind::tool
