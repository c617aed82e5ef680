// What the tool says, and whether it was heard: a pipe that nobody reads any more and a full disk
// are noticed, because an acknowledgement that could not be written is none.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace spind::tool {

// Thread-safe; what one call writes stays together.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  void write(std::string_view text);
  // Hands everything written so far to the system. False once anything could not be written.
  bool flush();
  bool failed() const;
  // The errno of the first failure, 0 if there was none.
  int failure() const;

 private:
  void drain();  // under mutex_

  const int fd_;
  mutable std::mutex mutex_;
  std::string buffer_;
  int failure_ = 0;
};

// Opens whichever of the descriptors 0, 1 and 2 the caller closed, so that no file of the store
// gets its number and is written to by what was meant for a terminal.
void reserve_standard_descriptors();

}  // namespace spind::tool
