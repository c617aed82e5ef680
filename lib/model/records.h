// The rows of a space's state, and their byte formats (README.md has the table).
//
// A decoder accepts only what its encoder makes; anything else is corruption.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/content_ref.h"
#include "spind/options.h"

namespace spind::model {

using Digest = std::array<std::uint8_t, 32>;

// What is known of one version of a file. The current one lies in the node record; it gets a row of
// its own when the next one supersedes it.
struct VersionRecord {
  VersionNumber number = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t written_ms = 0;  // time of its entry
  EntryNumber entry = 0;        // that wrote it
  std::string author;
  Sha256 sha256{};
  Checksums checksums;
  ContentRef content;
  bool operator==(const VersionRecord&) const = default;
};

struct NodeRecord {
  NodeId id = 0;
  NodeKind kind = NodeKind::file;
  EntryNumber changed = 0;  // last visible entry that touched it or anything below it
  std::string creator;
  std::int64_t mtime_ns = 0;
  // Files.
  VersionRecord current;            // current.mtime_ns always equals mtime_ns
  std::uint64_t version_bytes = 0;  // sizes of the earlier versions
  // Folders.
  FolderTotals totals;
  bool operator==(const NodeRecord&) const = default;

  // What the node adds to the totals of the folders above it.
  FolderTotals weight() const;
};

// Where a node hangs: under a folder by name, or in the trash, or nowhere any more.
struct Locator {
  NodeId parent = 0;  // 0 with an empty name: the root
  std::string name;
  AttachmentId trash;  // entry 0: it hangs; else the key of its row of the trash, or of what was
                       // purged
  bool operator==(const Locator&) const = default;
};

struct TrashRecord {
  NodeId parent = 0;  // where it hung
  std::string name;
  NodeRecord node;
  // Empty in rows of before these were kept: then the entry that the row's key names tells it.
  std::string removed_by;
  std::int64_t removed_ns = 0;
  bool operator==(const TrashRecord&) const = default;
};

// What somebody said of a version. One that says nothing has no row.
struct MarkRecord {
  bool pinned = false;  // neither removed nor thinned out
  std::string label;
  bool operator==(const MarkRecord&) const = default;

  bool says_nothing() const { return !pinned && label.empty(); }
};

struct SpaceRecord {
  SpaceKind kind = SpaceKind::personal;
  NameRule names = NameRule::exact;
  std::string tenant, alias, name, description;
  std::string owner;  // of a personal space
  std::string creator;
  std::int64_t created_ns = 0;
  // Random; renewed when the space is restored or taken over, so that an entry number that was
  // given out and lost is never mistaken for another. It lies here and not in the head because
  // readers keep this row in memory, and it changes as rarely as the rest of it.
  std::uint64_t history = 0;
  FloorPolicy floor;
  SpaceStatus state = SpaceStatus::active;
  NodeId image = 0, readme = 0;  // files that present it; 0: none
  TrashPolicy trash;
  VersionPolicy versions;
  PieceRule pieces = PieceRule::fixed;
  VaultRule vault = VaultRule::tenant;
  bool operator==(const SpaceRecord&) const = default;
};

// The name of the vault that its content lies in (vault_rows.h).
std::string vault_name(const SpaceRecord& record, const SpaceId& space);

// The one row that every entry of a space changes.
struct Head {
  EntryNumber entry = 0;     // last entry of the journal
  EntryNumber visible = 0;   // last visible entry
  std::int64_t time_ns = 0;  // of the last entry; never goes back
  NodeId next_node = kRootNode;
  std::uint64_t epoch = 0;        // of the owner; every commit compares it
  std::uint64_t trash_bytes = 0;  // live and version bytes below the trash
  EntryNumber floor = 0;          // what was reachable at or after it is kept
  Digest chain{};                 // hash of the last skeleton
  bool operator==(const Head&) const = default;
};

std::string encode(const VersionRecord& record);
std::string encode(const NodeRecord& record);
std::string encode(const Locator& locator);
std::string encode(const TrashRecord& record);
std::string encode(const SpaceRecord& record);
std::string encode(const Head& head);
std::string encode(const MarkRecord& mark);
std::string encode_property(std::string_view value);
std::string encode_manifest(const std::vector<Piece>& pieces);
std::string encode_count(std::uint64_t count);
// Inline content with an XXH3-64 of it, as an attachment row holds it.
std::string encode_inline(std::string_view content);

Result<VersionRecord> decode_version(std::string_view bytes);
Result<NodeRecord> decode_node(std::string_view bytes);
// Into what held another node before: a listing makes no new strings for each. After an error it
// holds anything.
Status decode_node(std::string_view bytes, NodeRecord& node);
Result<Locator> decode_locator(std::string_view bytes);
Result<TrashRecord> decode_trash(std::string_view bytes);
Result<SpaceRecord> decode_space(std::string_view bytes);
Result<Head> decode_head(std::string_view bytes);
Result<MarkRecord> decode_mark(std::string_view bytes);
// The value, borrowed from `bytes`.
Result<std::string_view> decode_property(std::string_view bytes);
Result<std::vector<Piece>> decode_manifest(std::string_view bytes);
Result<std::uint64_t> decode_count(std::string_view bytes);
// The content, borrowed from `bytes`.
Result<std::string_view> decode_inline(std::string_view bytes);

}  // namespace spind::model
