// A file of the caller, outside the store, read once from its beginning to its end.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "spind/result.h"

namespace spind::engine {

// One thread at a time. Closes when destroyed.
class LocalFile {
 public:
  // Follows no symbolic link at the end of the path, and opens nothing but a regular file:
  // invalid_argument. not_found, permission_denied, io_error.
  static Result<LocalFile> open(const std::string& path);
  LocalFile(LocalFile&& other) noexcept;
  LocalFile& operator=(LocalFile&&) = delete;
  ~LocalFile();

  std::uint64_t size_bytes() const { return first_look_.size_bytes; }
  std::int64_t mtime_ns() const { return first_look_.mtime_ns; }

  // 0 at the end.
  Result<std::size_t> read(std::span<std::uint8_t> out);
  // aborted if the file is not as it was when it was opened, or had not that many bytes.
  Status check_unchanged(std::uint64_t bytes_read) const;

 private:
  LocalFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  Error error(Code code, std::string text) const;
  struct Look {
    std::uint64_t size_bytes = 0;
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;  // tells of a change whose mtime was set back
    bool operator==(const Look&) const = default;
  };
  Result<Look> look() const;

  int descriptor_;
  std::string path_;
  Look first_look_;
};

}  // namespace spind::engine
