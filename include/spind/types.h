// The nouns that every header speaks of: ids, references to nodes, and what is known of a node.
//
//   spind::Ref by_path  = "/homework/essay.odt";
//   spind::Ref by_id    = spind::Ref::node(42);
//   spind::Ref below_id = spind::Ref::below(7, "essay.odt");
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spind/result.h"

namespace spind {

// A UUIDv7, as text "01932c4e-7d2a-7000-8000-0123456789ab".
struct SPIND_EXPORT SpaceId {
  std::array<std::uint8_t, 16> bytes{};

  static Result<SpaceId> parse(std::string_view text);
  std::string to_string() const;
  auto operator<=>(const SpaceId&) const = default;
};

using NodeId = std::uint64_t;         // stable for a node's life; unique in its space; never reused
using VersionNumber = std::uint64_t;  // 1, 2, 3, … of one file; 0 for a folder
using EntryNumber = std::uint64_t;    // 1, 2, 3, … of one space's journal
using Ticket = std::uint64_t;         // names a commit of the store; see Session::wait
using Sha256 = std::array<std::uint8_t, 32>;

inline constexpr NodeId kRootNode = 1;

SPIND_EXPORT std::string to_hex(const Sha256& digest);
// "space!node", the public id of a node.
SPIND_EXPORT std::string resource_id(const SpaceId& space, NodeId node);

// Names a node: by a path from the root, by its id, or by an id and a path below it. A path is
// parts joined by '/', with or without one at the front; "/" and "" are the root (or the node
// itself, below an id). Parts are checked when the reference is used.
class SPIND_EXPORT Ref {
 public:
  Ref(std::string_view path) : path_(path) {}
  Ref(const std::string& path) : path_(path) {}
  Ref(const char* path) : path_(path) {}
  static Ref node(NodeId id) { return Ref(id, {}); }
  static Ref below(NodeId id, std::string_view path) { return Ref(id, path); }

  NodeId start() const { return start_; }
  const std::string& path() const { return path_; }
  std::string to_string() const;  // "/a/b", "!42" or "!42/a/b", for messages

 private:
  Ref(NodeId id, std::string_view path) : start_(id), path_(path) {}
  NodeId start_ = kRootNode;
  std::string path_;
};

enum class NodeKind : std::uint8_t { file = 1, folder = 2 };

// Checksums beside SHA-256 are kept when the writer asked for them.
struct Checksums {
  std::optional<std::array<std::uint8_t, 20>> sha1{};
  std::optional<std::array<std::uint8_t, 16>> md5{};
  std::optional<std::uint32_t> adler32{};
  bool operator==(const Checksums&) const = default;
};

// What lies below a folder, itself not counted. Kept up to date by every commit.
struct FolderTotals {
  std::uint64_t live_bytes = 0;     // current versions
  std::uint64_t version_bytes = 0;  // earlier versions
  std::uint64_t files = 0;
  std::uint64_t folders = 0;
  bool operator==(const FolderTotals&) const = default;
};

struct SPIND_EXPORT NodeInfo {
  NodeId id = 0;
  NodeId parent = 0;  // 0: the root has none
  NodeKind kind = NodeKind::file;
  std::string name{};            // empty: the root
  std::uint64_t size_bytes = 0;  // a file's content; a folder's totals.live_bytes
  std::int64_t mtime_ns = 0;     // the client's if it gave one
  VersionNumber version = 0;
  Sha256 sha256{};  // zeros for a folder
  Checksums checksums{};
  std::string creator{};  // user id
  std::string author{};   // user id of who wrote the current version
  FolderTotals totals{};
  EntryNumber changed = 0;    // last visible entry that touched it or anything below it
  std::uint64_t history = 0;  // the space's history id; see etag()

  // Changes whenever `changed` does. Equal ones mean an equal node with all below it: a rewind
  // brings both back, a restore of the space neither. In double quotes, as HTTP has it.
  std::string etag() const;
};

// A point in a space's past: after an entry; or at a time, which means after the last entry that is
// not later. Exactly one of the two.
struct Point {
  std::optional<EntryNumber> entry{};
  std::optional<std::int64_t> time_ns{};
};

// One page of a listing. `next` resumes behind it, in any process; empty at the end.
template <class T>
struct PageOf {
  std::vector<T> items{};
  std::string next{};
};
using Page = PageOf<NodeInfo>;

// What a change did. `ticket` is for Session::wait when the session defers.
struct Written {
  NodeId node = 0;
  VersionNumber version = 0;
  std::uint64_t size_bytes = 0;
  Sha256 sha256{};
  EntryNumber entry = 0;  // 0: there was nothing to do
  bool repeated = false;  // the request id had been seen: this is what the first call answered
  Ticket ticket = 0;
};

// Fills the span, at least one byte of it, and says how many; 0 at the end.
using ByteSource = std::function<Result<std::size_t>(std::span<std::uint8_t>)>;

// How far a long operation has come. Returning false cancels it.
struct Progress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0: not known
};
using ProgressCallback = std::function<bool(const Progress&)>;

}  // namespace spind
