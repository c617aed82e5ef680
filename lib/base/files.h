// Files and folders as the engine uses them: few calls, each with one meaning, so that tests can
// count them, fail them, and drop what was not synced.
//
// Knows nothing of what the bytes mean. Paths are the operating system's; a name that came from a
// user never becomes part of one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "spind/result.h"

namespace spind {

using Places = std::span<const std::span<std::uint8_t>>;

// Fills places one behind the other by a call for each; `read` takes an offset and a place.
template <class Read>
Result<std::size_t> read_each(std::uint64_t offset, Places places, Read read) {
  std::size_t done = 0;
  for (const std::span<std::uint8_t> place : places) {
    Result<std::size_t> got = read(offset + done, place);
    if (!got.ok()) return got;
    done += *got;
    if (*got < place.size()) break;
  }
  return done;
}

// An open file. Const calls are thread-safe; writes and syncs by one thread at a time, except that
// sync() may run beside append(): it covers at least what was appended before it began.
class File {
 public:
  virtual ~File() = default;
  // Reads up to out.size() bytes at `offset`; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
  // The same into several places, one behind the other.
  virtual Result<std::size_t> scatter(std::uint64_t offset, Places places) const;
  // Appends all of `bytes`, or fails and may have appended a part.
  virtual Status append(Bytes bytes) = 0;
  // fdatasync. After it failed the file must be given up: it is never called again on it.
  virtual Status sync() = 0;
  virtual Status truncate(std::uint64_t size_bytes) = 0;
  // Gives the range back to the device; it reads as zeros afterwards. `unsupported` where the file
  // system cannot.
  virtual Status punch(std::uint64_t offset, std::uint64_t size_bytes) = 0;
  virtual Result<std::uint64_t> size() const = 0;
  // Hints for the page cache: the range will be read in sequence, or is not needed again.
  virtual void will_read(std::uint64_t offset, std::uint64_t size_bytes) const = 0;
  virtual void drop_cache(std::uint64_t offset, std::uint64_t size_bytes) const = 0;
  // A hint that a sync is near: the device may begin to write what was appended up to here, so that
  // the sync finds less to do. Promises nothing.
  virtual void write_soon() const {}
};

enum class OpenMode {
  read,        // must exist
  append,      // must exist; reads and appends
  create_new,  // must not exist; reads and appends
};

// A lock on a file that the process holds until this is destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct FolderSpace {
  std::uint64_t free_bytes = 0;  // what an unprivileged process may still use
  std::uint64_t total_bytes = 0;
};

// Thread-safe.
class Files {
 public:
  virtual ~Files() = default;
  // not_found, already_exists; is_a_folder where `path` is one; io_error for what is no plain file.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Status make_folder(const std::string& path) = 0;  // ok if it is there
  virtual Status sync_folder(const std::string& path) = 0;  // makes names in it durable
  virtual Status rename(const std::string& from, const std::string& to) = 0;  // replaces `to`
  // Gives the file a second name; already_exists. `unsupported` where the two cannot share it.
  virtual Status link(const std::string& from, const std::string& to);
  // A file or an empty folder; not_found if it is not there.
  virtual Status remove(const std::string& path) = 0;
  // Overwrites the file with zeros, syncs and removes it, for what must not be found on the device
  // later. A file system that writes elsewhere, and a flash device, may keep the old bytes for some
  // time all the same. not_found.
  virtual Status shred(const std::string& path) { return remove(path); }
  virtual Result<bool> exists(const std::string& path) = 0;
  // Names in the folder without "." and "..", in no order.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual Result<FolderSpace> space(const std::string& path) = 0;
  // Takes the lock of `path`, creating the file, and writes the process id into it. Busy, with the
  // holder's process id in the text, if another store of this or another process holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;

  static Files& system();
};

// Reads a whole file of at most `size_bytes_max` bytes.
Result<std::string> read_file(Files& files, const std::string& path, std::uint64_t size_bytes_max);
// Makes the folder, if it is not there, and its name in the folder above durable.
Status make_folder_durably(Files& files, const std::string& path);
// Writes a file so that after a crash the old or the new content is there, whole: temporary file,
// sync, rename, sync of the folder.
Status write_file_durably(Files& files, const std::string& path, Bytes bytes);
// Copies what the file holds now to a new file and syncs it, but not its name. Answers its size.
Result<std::uint64_t> copy_file(Files& files, const std::string& from, const std::string& to);

}  // namespace spind
