// Uploads that go on where they stopped: after a lost connection, in another process, after a kill.
//
//   spind::UploadInfo up = space.start_upload("/video.mp4", size_bytes).value();
//   up = space.append_upload(up.id, up.offset, bytes).value();   // durable; says the next offset
//   up = space.upload(up.id).value();                            // where to go on
//   spind::Written w = space.finish_upload(up.id).value();       // as a put of all of it answers
//
// An upload belongs to who began it; others do not know of it. Nobody sees what comes until it is
// finished, and it does not count in the space's totals. Appends of 8 MiB, or a multiple of it,
// cost least. A rewind of the space takes its uploads along: one that is gone back to before its
// last append has the offset that it had then.
//
// Held. `finish_upload(id, {.hold = true})` checks everything and keeps the content apart, for a
// virus scanner or a teacher to decide: release_upload makes it the file's version as if it were
// finished then, abort_upload discards it, quarantine_upload keeps it until one of the two. The
// file's version of before stays what it is. What is held does not expire.
#pragma once

#include "spind/options.h"

namespace spind {

using UploadId = EntryNumber;  // the entry that began it

struct UploadOptions {
  Preconditions conditions{};                          // checked at start, and again at finish
  std::optional<std::int64_t> mtime_ns{};              // else the time of the finish
  std::optional<Sha256> sha256{};                      // given: at finish another content is
  Checksums checksums{};                               // precondition_failed
  std::uint8_t checksums_wanted = 0;                   // kSha1 | kMd5 | kAdler32: computed and kept
  bool make_parents = false;                           // by the finish
  std::chrono::seconds kept = std::chrono::hours(24);  // without an append; 1 s to 30 days
  std::string request_id{};
};

enum class UploadState : std::uint8_t {
  receiving,    // bytes come
  held,         // finished, and not yet released
  quarantined,  // held, and nobody is to read it
};

struct UploadInfo {
  UploadId id = 0;
  Ref target{"/"};               // as it was given
  std::string starter{};         // user id
  std::uint64_t size_bytes = 0;  // declared
  std::uint64_t offset = 0;      // bytes that are there: where the next append begins
  UploadState state = UploadState::receiving;
  Sha256 sha256{};  // once it is held
  std::int64_t started_ns = 0;
  std::int64_t expires_ns = 0;  // put off by each append; 0: it does not, since it is held
  Ticket ticket = 0;            // of start and append, for Session::wait when the session defers
};

struct UploadsOptions {
  bool of_everybody = false;     // for managers: also what others began
  std::size_t count_max = 1000;  // 1 to 10,000
  std::string after{};           // PageOf::next of the page before
};

struct FinishUploadOptions {
  bool hold = false;  // the answer names no node, version or entry then
  // In bytes, while what came is read to hash it whole.
  ProgressCallback progress{};
  std::string request_id{};
};

struct ReleaseUploadOptions {
  std::string request_id{};
};

struct ReadUploadOptions {
  bool inspect = false;  // for managers, to decide what becomes of it
};

}  // namespace spind
