// An open file descriptor with one owner.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace spind {

// One thread at a time.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  // Invalid on failure, with errno set.
  static FileDescriptor open(const std::string& path, int flags, mode_t mode) {
    FileDescriptor descriptor;
    do {
      descriptor.number_ = ::open(path.c_str(), flags, mode);
    } while (descriptor.number_ < 0 && errno == EINTR);
    return descriptor;
  }
  // Takes one that is open already; a negative number is none.
  static FileDescriptor own(int number) {
    FileDescriptor descriptor;
    descriptor.number_ = number;
    return descriptor;
  }
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }

  bool valid() const { return number_ >= 0; }
  int get() const { return number_; }

 private:
  int number_ = -1;
};

}  // namespace spind
