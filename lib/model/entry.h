// An entry of a space's journal: what one verb did, and what it replaced.
//
// It is stored as two rows. The *skeleton* is chained by hashes and lives for ever; the *payload*
// holds all names and user ids and can be erased, its salted hash in the skeleton stays. Rows of
// attachments lie beside them: inline content is covered by its version's SHA-256, a manifest by
// its digest in the payload.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "model/records.h"
#include "model/upload_record.h"

namespace spind::model {

// Changes are few and small; a verb is a list of them. Each has an exact inverse, which is why it
// says what it replaced. `replaced_changed` is the node's own NodeRecord::changed before the entry.

struct SpaceCreated {
  SpaceRecord space;
  NodeRecord root;
  bool operator==(const SpaceCreated&) const = default;
};
struct SpaceUpdated {
  SpaceRecord before, after;
  bool operator==(const SpaceUpdated&) const = default;
};
// A new file, with its first version, or a new empty folder.
struct NodeAdded {
  NodeId parent = 0;
  std::string name;
  NodeRecord node;
  bool operator==(const NodeAdded&) const = default;
};
// A new version of a file; the one before stays, under its number.
struct VersionAdded {
  NodeId node = 0;
  VersionRecord version;
  VersionNumber replaced_version = 0;
  EntryNumber replaced_changed = 0;
  bool operator==(const VersionAdded&) const = default;
};
struct NodeMoved {
  NodeId node = 0;
  NodeId from_parent = 0, to_parent = 0;
  std::string from_name, to_name;
  EntryNumber replaced_changed = 0;
  bool operator==(const NodeMoved&) const = default;
};
// The subtree stays as it is under the node; only the node is detached from its parent.
struct NodeTrashed {
  NodeId node = 0;
  NodeId parent = 0;
  std::string name;
  bool operator==(const NodeTrashed&) const = default;
};
struct MtimeSet {
  NodeId node = 0;
  std::int64_t before_ns = 0, after_ns = 0;
  EntryNumber replaced_changed = 0;
  bool operator==(const MtimeSet&) const = default;
};

// There was nothing to do, and the caller's request id is to remember that.
struct Unchanged {
  NodeId node = 0;
  bool operator==(const Unchanged&) const = default;
};

// An earlier version, as it was. What it alone refers to is kept until the floor has passed the
// entry.
struct VersionRemoved {
  NodeId node = 0;
  VersionRecord version;
  MarkRecord mark;  // that went with it
  EntryNumber replaced_changed = 0;
  bool operator==(const VersionRemoved&) const = default;
};
struct VersionMarked {
  NodeId node = 0;
  VersionNumber number = 0;
  MarkRecord before, after;
  EntryNumber replaced_changed = 0;
  bool operator==(const VersionMarked&) const = default;
};

// An item of the trash, or a node that lies below one, hangs again.
struct NodeRestored {
  NodeId node = 0;
  AttachmentId item;   // key of the row of the trash
  bool below = false;  // not the item itself
  NodeId from_parent = 0, to_parent = 0;
  std::string from_name, to_name;
  std::string removed_by;  // of the item itself, as its row had it
  std::int64_t removed_ns = 0;
  EntryNumber replaced_changed = 0;
  bool operator==(const NodeRestored&) const = default;
};
// An item of the trash is gone for good. The subtree stays as it is until the floor has passed the
// entry.
struct NodePurged {
  NodeId node = 0;
  AttachmentId item;
  bool operator==(const NodePurged&) const = default;
};

// The tree is again as it was after the entry `to`. What is undone lies in the journal's rows
// beside the state, as attachments do, so the change itself is as small as any.
struct Rewound {
  EntryNumber to = 0;
  bool operator==(const Rewound&) const = default;
};

// A folder that hangs nowhere yet: the top of a subtree that is built below it by entries that
// nobody sees, and then attached by one that all see. It begins empty.
struct SubtreeStaged {
  NodeRecord top;
  bool operator==(const SubtreeStaged&) const = default;
};
struct SubtreeAttached {
  NodeId node = 0;
  AttachmentId staged;  // key of the row of the staged top
  NodeId parent = 0;
  std::string name;
  bool operator==(const SubtreeAttached&) const = default;
};
// A staged subtree is given up. It stays as it is until the floor has passed the entry.
struct StagingPurged {
  NodeId node = 0;
  AttachmentId staged;
  bool operator==(const StagingPurged&) const = default;
};

// One property of a node; none: it has, or had, no such property.
struct PropertyEdit {
  std::string key;
  std::optional<std::string> before, after;  // not equal
  bool operator==(const PropertyEdit&) const = default;
};
struct PropertiesSet {
  NodeId node = 0;
  std::vector<PropertyEdit> edits;  // one or more, in order of keys, each key once
  EntryNumber replaced_changed = 0;
  bool operator==(const PropertiesSet&) const = default;
};

// Its number is that of the entry.
struct UploadStarted {
  UploadRecord upload;
  bool operator==(const UploadStarted&) const = default;
};
// Bytes came, or what becomes of it was decided.
struct UploadChanged {
  EntryNumber upload = 0;
  UploadProgress before, after;
  std::vector<Piece> settled{};  // since `before`
  bool operator==(const UploadChanged&) const = default;
};
// It is no more: it became a version by another change of the same entry, or was given up.
struct UploadEnded {
  EntryNumber number = 0;
  UploadRecord upload;
  // Of the entry: a manifest of all settled pieces, if there are any. It may be long, and only
  // undoing needs it.
  std::uint32_t settled_index = 0;
  bool operator==(const UploadEnded&) const = default;
};

// A change's place in the list is its number in the format.
using Change =
    std::variant<SpaceCreated, SpaceUpdated, NodeAdded, VersionAdded, NodeMoved, NodeTrashed,
                 MtimeSet, Unchanged, VersionRemoved, VersionMarked, NodeRestored, NodePurged,
                 Rewound, SubtreeStaged, SubtreeAttached, StagingPurged, PropertiesSet,
                 UploadStarted, UploadChanged, UploadEnded>;

// A folder on the way from the root to something that changed. The list holds a small tree: each
// folder after its parent, the root first.
struct WayFolder {
  NodeId id = 0;
  std::uint32_t parent_index = 0;  // in the list; the root points at itself
  EntryNumber replaced_changed = 0;
  bool operator==(const WayFolder&) const = default;
};

// What kind of thing happened, for the feed; the changes say it exactly.
enum class EntryType : std::uint8_t {
  space_created = 1,
  space_updated = 2,
  folder_made = 3,
  file_put = 4,
  moved = 5,
  removed = 6,
  touched = 7,
  version_restored = 8,
  version_removed = 9,
  version_marked = 10,
  restored = 11,
  purged = 12,
  rewound = 13,
  copied = 14,
  staged = 15,  // housekeeping that a copy needs; not visible
  properties_set = 16,
  upload_started = 17,
  upload_changed = 18,
  upload_ended = 19,
  versions_thinned = 20,
};
inline constexpr EntryType kLastEntryType = EntryType::versions_thinned;

struct Entry {
  // Skeleton.
  EntryNumber number = 0;
  EntryType type = EntryType::file_put;
  bool visible = true;
  std::uint64_t epoch = 0;
  std::int64_t wall_ns = 0;  // the clock as it was
  std::int64_t time_ns = 0;  // never goes back within the space
  Digest previous{};         // hash of the skeleton before; zeros for the first
  // Payload.
  std::array<std::uint8_t, 16> salt{};
  std::string principal, application, request_id;
  EntryNumber replaced_visible = 0;  // the head as it was, as far as apply changes it
  std::int64_t replaced_time_ns = 0;
  NodeId replaced_next_node = 0;
  std::vector<WayFolder> way;
  std::vector<Change> changes;
  std::vector<Digest> manifests;  // SHA-256 of each manifest row, in order
  bool operator==(const Entry&) const = default;
};

struct EncodedEntry {
  std::string skeleton, payload;
  Digest chain{};  // SHA-256 of the skeleton: `previous` of the next entry
};

EncodedEntry encode(const Entry& entry);

// The entry that it rewinds to, or 0 if it is of another kind.
EntryNumber rewound_to(const Entry& entry);

struct Skeleton {
  EntryNumber number = 0;
  EntryType type = EntryType::file_put;
  bool visible = true;
  std::uint64_t epoch = 0;
  std::int64_t wall_ns = 0, time_ns = 0;
  Digest previous{};
  Digest commitment{};  // SHA-256 of the payload row
};
Result<Skeleton> decode_skeleton(std::string_view bytes);
// Fills `entry`, which may hold another one and lends its memory, without a look at whether that is
// the payload that the skeleton commits to. After an error it holds neither.
Status decode_payload(const Skeleton& skeleton, std::string_view payload, Entry& entry);
// corruption also where the payload is not the one that the skeleton commits to.
Result<Entry> decode_entry(std::string_view skeleton, std::string_view payload);

}  // namespace spind::model
