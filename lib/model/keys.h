// Every key, in one table. A key begins with its partition; ids are big-endian, so that keys sort
// by them. README.md has the bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/content_ref.h"
#include "spind/options.h"

namespace spind::model {

// Which row of a space's partition ('s' + id of 16 bytes) a key names: the byte behind the
// partition.
//
//        tag   family      key behind the tag              value
// clang-format off
#define SPIND_SPACE_ROWS(ROW)                                                                   \
  ROW(head, 'h')        /* state       –                               Head                  */ \
  ROW(info, 'i')        /* state       –                               SpaceRecord           */ \
  ROW(node, 'n')        /* state       parent u64, name                NodeRecord            */ \
  ROW(locator, 'l')     /* state       node u64                        Locator               */ \
  ROW(version, 'v')     /* state       node u64, number u64            VersionRecord         */ \
  ROW(reference, 'p')   /* state       piece 32                        count                 */ \
  ROW(trash, 't')       /* state       entry u64, change u32           TrashRecord           */ \
  ROW(folded, 'f')      /* state       parent u64, folded name         name                  */ \
  ROW(request, 'r')     /* state       principal, 0, request id        entry number          */ \
  ROW(skeleton, 'j')    /* journal     entry u64                       skeleton              */ \
  ROW(payload, 'y')     /* journal     entry u64                       payload               */ \
  ROW(attachment, 'a')  /* attachment  entry u64, index u32            bytes                 */ \
  ROW(mark, 'm')        /* state       node u64, number u64            MarkRecord            */ \
  ROW(gaps, 'g')        /* state       node u64                        count                 */ \
  ROW(dropped, 'd')     /* state       entry u64, piece 32             –                     */ \
  ROW(kept, 'k')        /* state       piece 32, entry u64             –                     */ \
  ROW(unused, 'u')      /* state       entry u64, attachment 12        –                     */ \
  ROW(purged, 'x')      /* state       entry u64, change u32           TrashRecord           */ \
  ROW(rewind, 'w')      /* state       entry u64                       count: rewound to     */ \
  ROW(trimmed, 'z')     /* state       –                               count: entry          */ \
  ROW(staged, 's')      /* state       entry u64, change u32           NodeRecord            */ \
  ROW(property, 'o')    /* state       node u64, key                   value                 */ \
  ROW(tagged, 'b')      /* state       tag, 0, node u64                –                     */ \
  ROW(upload, 'q')      /* state       upload u64                      UploadRecord          */ \
  ROW(settled, 'e')     /* state       upload u64, offset u64          manifest of one piece */ \
  ROW(aside, 'A')       /* state       kind, 0, subject                Aside: see aside.h    */
// clang-format on

enum class SpaceRow : char {
#define SPIND_ROW(name, tag) name = tag,
  SPIND_SPACE_ROWS(SPIND_ROW)
#undef SPIND_ROW
};

std::string space_partition(const SpaceId& space);
// The space of a key or partition that begins with 's'.
SpaceId space_of(std::string_view key);

std::string head_key(const SpaceId& space);
bool is_head_key(std::string_view key);
std::string info_key(const SpaceId& space);
std::string node_key(const SpaceId& space, NodeId parent, std::string_view name);
std::string locator_key(const SpaceId& space, NodeId node);
std::string version_key(const SpaceId& space, NodeId node, VersionNumber number);
std::string reference_key(const SpaceId& space, const PieceId& piece);
std::string trash_key(const SpaceId& space, const AttachmentId& entry_and_change);
std::string folded_key(const SpaceId& space, NodeId parent, std::string_view folded_name);
std::string request_key(const SpaceId& space, std::string_view principal,
                        std::string_view request_id);
std::string skeleton_key(const SpaceId& space, EntryNumber entry);
std::string payload_key(const SpaceId& space, EntryNumber entry);
std::string attachment_key(const SpaceId& space, const AttachmentId& id);
std::string mark_key(const SpaceId& space, NodeId node, VersionNumber number);
// How many versions of a file were removed: as many as its numbers have gaps.
std::string gaps_key(const SpaceId& space, NodeId node);
// A piece whose last reference fell away with an entry. The vault keeps it for the space until the
// floor has passed the entry, so that the entry can be undone: `dropped` is the queue in order of
// entries, `kept` says the same of a piece.
std::string dropped_key(const SpaceId& space, EntryNumber entry, const PieceId& piece);
std::string kept_key(const SpaceId& space, const PieceId& piece, EntryNumber entry);
std::string kept_prefix(const SpaceId& space, const PieceId& piece);
// The same of an attachment.
std::string unused_key(const SpaceId& space, EntryNumber entry, const AttachmentId& attachment);
// A subtree that was purged: its rows stay in place below the node until the floor has passed the
// entry, so that the entry can be undone. The node's locator leads here.
std::string purged_key(const SpaceId& space, const AttachmentId& entry_and_change);
// The top of a subtree that is being built where nobody sees it. Its locator leads here.
std::string staged_key(const SpaceId& space, const AttachmentId& entry_and_change);

// Which entry a rewind went back to, for who has to know it without reading the journal.
std::string rewind_key(const SpaceId& space, EntryNumber rewind);
// The last entry that is gone from the journal.
std::string trimmed_key(const SpaceId& space);

std::string property_key(const SpaceId& space, NodeId node, std::string_view key);
std::string properties_prefix(const SpaceId& space, NodeId node);
// The nodes that have a tag. Each also has the tag among its properties (tag_property).
std::string tagged_key(const SpaceId& space, std::string_view tag, NodeId node);
std::string tagged_prefix(const SpaceId& space, std::string_view tag);

// A tag is a property whose key says so, and whose value is empty.
std::string tag_property(std::string_view tag);
// The tag that a property is, or none.
std::optional<std::string_view> tag_of(std::string_view property);

// An upload is named by the entry that began it. A piece of it that will be one of the file's lies
// at its offset.
std::string upload_key(const SpaceId& space, EntryNumber upload);
std::string settled_key(const SpaceId& space, EntryNumber upload, std::uint64_t offset);
std::string settled_prefix(const SpaceId& space, EntryNumber upload);

// All rows of one kind; end_of(prefix) is the first key behind everything that begins with it.
std::string row_prefix(const SpaceId& space, SpaceRow row);
// The first key of an entry, or of a later one, among rows whose keys begin with one.
std::string first_of_entry(const SpaceId& space, SpaceRow row, EntryNumber entry);
std::string children_prefix(const SpaceId& space, NodeId parent);
std::string versions_prefix(const SpaceId& space, NodeId node);
std::string marks_prefix(const SpaceId& space, NodeId node);
std::string end_of(std::string_view prefix);

// The name in a node key, the id in a locator key, the number in a version or journal key. The key
// must be of that kind: callers got it from a scan over that kind's prefix.
std::string_view name_in_node_key(std::string_view key);
std::uint64_t last_u64_in(std::string_view key);
// The entry that the key of a row begins with.
EntryNumber entry_in_key(std::string_view key);
// The piece that a dropped key ends with, which must be as long as that.
PieceId piece_in_dropped_key(std::string_view key);
// The entry and index that the key of a trash, purged, staged or attachment row ends with.
AttachmentId attachment_in_key(std::string_view key);
// The same of a property's key.
struct PropertyInKey {
  NodeId node = 0;
  std::string_view key;
};
PropertyInKey property_in_key(std::string_view key);

// The catalogue: one partition for the whole store.
//   't' tenant, 0, kind, space id → –            spaces by tenant and kind
//   'a' tenant, 0, alias          → space id     aliases
//   'x' space id                  → –            the space was purged
std::string catalogue_partition();
std::string catalogue_spaces_prefix();  // of all tenants
std::string catalogue_space_prefix(std::string_view tenant);
std::string catalogue_space_key(std::string_view tenant, SpaceKind kind, const SpaceId& space);
SpaceId space_in_catalogue_key(std::string_view space_key);
// Spaces that were purged: their ids are taken for ever.
std::string catalogue_gone_prefix();
std::string catalogue_gone_key(const SpaceId& space);
std::string catalogue_aliases_prefix();  // of all tenants
std::string catalogue_alias_key(std::string_view tenant, std::string_view alias);

// What is private to a person: a partition of each, 'p' tenant, 0, user, 0.
//   'f' space id, node u64 → –            favourites
std::string principal_partition(std::string_view tenant, std::string_view user);
std::string favourites_prefix(std::string_view tenant, std::string_view user);
std::string favourite_key(std::string_view tenant, std::string_view user, const SpaceId& space,
                          NodeId node);
struct FavouriteInKey {
  SpaceId space;
  NodeId node = 0;
};
// corruption: it is no such key of that person.
Result<FavouriteInKey> favourite_in_key(std::string_view prefix, std::string_view key);

// Work that waits in the store; each row is a partition of its own.
//   'u' space id                  → –            the space may have uploads, which may expire
//   'v' space id                  → count        the node from which on the space is thinned next
std::string waiting_uploads_prefix();
std::string waiting_uploads_key(const SpaceId& space);
std::string waiting_thinning_key(const SpaceId& space);
SpaceId space_in_waiting_key(std::string_view key);

}  // namespace spind::model
