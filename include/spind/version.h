// The versions of a file: every overwrite makes one, and the earlier ones are kept.
//
//   for (const spind::VersionInfo& v : space.versions("/essay.odt").value().items)
//     print(v.number, v.author, v.size_bytes);
//   std::string before = space.get("/essay.odt", {.version = 3}).value();
//   space.mark_version("/essay.odt", 3, {.pinned = true, .label = "handed in"}).value();
//   space.restore_version("/essay.odt", 3).value();   // a new version with the content of 3
#pragma once

#include "spind/options.h"

namespace spind {

struct VersionInfo {
  VersionNumber number = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;    // of the file as it was then
  std::int64_t written_ns = 0;  // when the version was made, to the millisecond
  std::string author{};         // user id
  Sha256 sha256{};
  Checksums checksums{};
  bool current = false;
  bool pinned = false;  // neither removed nor thinned out
  std::string label{};
};

struct VersionsOptions {
  std::size_t count_max = 1000;  // 1 to 10,000
  std::string after{};           // PageOf::next of the page before
};

// What is not given stays as it is.
struct VersionMark {
  std::optional<bool> pinned{};
  std::optional<std::string> label{};  // at most 255 bytes of UTF-8 without NUL; empty: none
};

struct ThinOptions {
  ProgressCallback progress{};  // in versions removed; the total is not known
  std::optional<CancelToken> cancel{};
};

struct VersionsThinned {
  std::uint64_t versions = 0, bytes = 0;
  Ticket ticket = 0;  // for Session::wait when the session defers
};

struct VersionChangeOptions {
  Preconditions conditions{};  // on the file
  std::string request_id{};
};

}  // namespace spind
