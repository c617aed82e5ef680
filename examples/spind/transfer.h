// What put and get have in common: counting, reporting, and knowing when to stop.
#pragma once

#include <atomic>

#include "progress.h"
#include "tool.h"

namespace spind::tool {

// Files up to this size are moved in one piece of memory; larger ones are streamed through a buffer
// of this size.
inline constexpr std::size_t kWholeFileBytesMax = 1 << 20;

// Thread-safe.
class Transfer {
 public:
  Transfer(Tool& tool, std::string what) : tool_(tool), line_(std::move(what)) {}

  Tool& tool() { return tool_; }
  bool json() const { return tool_.json(); }
  // The user, a reader that went away, or an error that every other file would meet too.
  bool stopped() const { return ended_ || tool_.stopped(); }

  // Bytes are on their way; for the progress line.
  void moved(std::uint64_t bytes) { line_.add(0, bytes); }
  // A file is done. With --json, `object` says so.
  void done(std::uint64_t size_bytes, const JsonObject* object);
  void skipped() { ++skipped_; }
  void failed(const Error& error);
  // The store knows a node by its id; `path` is what people know it by.
  void failed(Error error, const std::string& path) {
    error.path = path;
    failed(error);
  }
  // Several objects may be written before one flush.
  void flush();

  // Says what was done, and answers the exit status.
  Exit finish(std::string_view verb);

 private:
  Tool& tool_;
  ProgressLine line_;
  std::atomic<bool> ended_{false};
  std::atomic<std::uint64_t> files_{0}, bytes_{0}, skipped_{0}, failed_{0};
};

// --workers, or `otherwise`; 1 to 256.
Result<std::size_t> worker_count(const Args& args, std::size_t otherwise);

}  // namespace spind::tool
