// The row of an upload: what was asked for, and how far it has come. README.md has the bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/content_ref.h"
#include "spind/options.h"

namespace spind::model {

// Bytes that came, kept as inline content or as one piece.
struct UploadPart {
  ContentRef content;
  std::uint64_t size_bytes = 0;
  bool operator==(const UploadPart&) const = default;
};

enum class UploadStage : std::uint8_t { receiving = 1, held = 2, quarantined = 3 };

// What changes. A file is cut at the same places however its bytes come, so that it shares its
// pieces with equal ones: pieces that are cut so are *settled* and lie in rows of their own; what
// came since and fills no piece yet is the tail.
struct UploadProgress {
  UploadStage stage = UploadStage::receiving;
  EntryNumber entry = 0;        // the last one that changed it
  std::int64_t touched_ns = 0;  // the clock then
  std::uint64_t settled_bytes = 0;
  std::vector<UploadPart> tail;  // in order
  // Of the whole, once it is held.
  Sha256 sha256{};
  Checksums checksums;
  bool operator==(const UploadProgress&) const = default;

  std::uint64_t received_bytes() const;
};

struct UploadRecord {
  std::string starter;  // user id
  NodeId start = 0;     // of the reference to the target, and its path
  std::string path;
  PutOptions options;  // size_bytes is given, the request id is empty
  std::int64_t started_ns = 0;
  std::uint64_t kept_seconds = 0;  // without an append
  UploadProgress progress;
  bool operator==(const UploadRecord&) const = default;

  std::uint64_t size_bytes() const { return *options.size_bytes; }
  bool complete() const { return progress.received_bytes() == size_bytes(); }
  // What is held does not expire.
  std::int64_t expires_ns() const;
  // By the clock, if it can be believed; else none is, however long it seems to have waited.
  bool expired(std::optional<std::int64_t> now_ns) const {
    return now_ns && progress.stage == UploadStage::receiving && *now_ns >= expires_ns();
  }
};

std::string encode(const UploadRecord& upload);
Result<UploadRecord> decode_upload(std::string_view bytes);

}  // namespace spind::model
