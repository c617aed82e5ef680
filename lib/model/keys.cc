#include "model/keys.h"

#include <algorithm>
#include <cassert>

#include "base/codec.h"
#include "model/record_codec.h"
#include "spind/property.h"

namespace spind::model {
namespace {

constexpr std::size_t kPartitionBytes = 17;
constexpr char kSpaceTag = 's';
constexpr std::string_view kCatalogue = "c";
constexpr char kPrincipalTag = 'p';
constexpr std::string_view kWaiting = "q";

std::string space_key(const SpaceId& space, SpaceRow row, std::size_t reserve_bytes = 32) {
  std::string key;
  key.reserve(kPartitionBytes + 1 + reserve_bytes);
  key.push_back(kSpaceTag);
  key.append(as_text(Bytes(space.bytes)));
  key.push_back(static_cast<char>(row));
  return key;
}

// Keys that were read back are stored bytes like any other: what is missing of one that is too
// short counts as zeros, which name nothing.
std::string_view behind(std::string_view key, std::size_t bytes) {
  return key.substr(std::min(bytes, key.size()));
}
std::string_view last(std::string_view key, std::size_t bytes) {
  return key.size() < bytes ? std::string_view() : key.substr(key.size() - bytes);
}
template <class Id>
Id id_of(std::string_view bytes) {
  Id id{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.size()), id.begin());
  return id;
}

void append_u32_be(std::string& key, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(value >> shift));
}

std::string numbered_key(const SpaceId& space, SpaceRow row, std::uint64_t number) {
  std::string key = space_key(space, row);
  Encoder(key).u64_be(number);
  return key;
}

std::string catalogue_key(char tag, std::string_view tenant) {
  std::string key(kCatalogue);
  key.push_back(tag);
  key.append(tenant).push_back('\0');
  return key;
}

}  // namespace

std::string space_partition(const SpaceId& space) {
  std::string key(1, kSpaceTag);
  key.append(as_text(Bytes(space.bytes)));
  return key;
}

SpaceId space_of(std::string_view key) { return {id_of<decltype(SpaceId::bytes)>(behind(key, 1))}; }

std::string head_key(const SpaceId& space) { return space_key(space, SpaceRow::head); }

bool is_head_key(std::string_view key) {
  return key.size() == kPartitionBytes + 1 && key[0] == kSpaceTag &&
         key.back() == static_cast<char>(SpaceRow::head);
}

std::string info_key(const SpaceId& space) { return space_key(space, SpaceRow::info); }

std::string node_key(const SpaceId& space, NodeId parent, std::string_view name) {
  std::string key = space_key(space, SpaceRow::node, 8 + name.size());
  Encoder(key).u64_be(parent).raw(name);
  return key;
}

std::string locator_key(const SpaceId& space, NodeId node) {
  return numbered_key(space, SpaceRow::locator, node);
}

std::string version_key(const SpaceId& space, NodeId node, VersionNumber number) {
  std::string key = versions_prefix(space, node);
  Encoder(key).u64_be(number);
  return key;
}

std::string reference_key(const SpaceId& space, const PieceId& piece) {
  std::string key = space_key(space, SpaceRow::reference);
  return key.append(as_text(Bytes(piece)));
}

std::string trash_key(const SpaceId& space, const AttachmentId& entry_and_change) {
  std::string key = numbered_key(space, SpaceRow::trash, entry_and_change.entry);
  append_u32_be(key, entry_and_change.index);
  return key;
}

std::string folded_key(const SpaceId& space, NodeId parent, std::string_view folded_name) {
  std::string key = space_key(space, SpaceRow::folded, 8 + folded_name.size());
  Encoder(key).u64_be(parent).raw(folded_name);
  return key;
}

std::string request_key(const SpaceId& space, std::string_view principal,
                        std::string_view request_id) {
  std::string key = space_key(space, SpaceRow::request, principal.size() + 1 + request_id.size());
  key.append(principal).push_back('\0');
  return key.append(request_id);
}

std::string skeleton_key(const SpaceId& space, EntryNumber entry) {
  return numbered_key(space, SpaceRow::skeleton, entry);
}

std::string payload_key(const SpaceId& space, EntryNumber entry) {
  return numbered_key(space, SpaceRow::payload, entry);
}

std::string attachment_key(const SpaceId& space, const AttachmentId& id) {
  std::string key = numbered_key(space, SpaceRow::attachment, id.entry);
  append_u32_be(key, id.index);
  return key;
}

std::string mark_key(const SpaceId& space, NodeId node, VersionNumber number) {
  std::string key = marks_prefix(space, node);
  Encoder(key).u64_be(number);
  return key;
}

std::string gaps_key(const SpaceId& space, NodeId node) {
  return numbered_key(space, SpaceRow::gaps, node);
}

std::string dropped_key(const SpaceId& space, EntryNumber entry, const PieceId& piece) {
  std::string key = space_key(space, SpaceRow::dropped, 8 + piece.size());
  Encoder(key).u64_be(entry).raw(Bytes(piece));
  return key;
}

std::string kept_key(const SpaceId& space, const PieceId& piece, EntryNumber entry) {
  std::string key = kept_prefix(space, piece);
  Encoder(key).u64_be(entry);
  return key;
}

std::string kept_prefix(const SpaceId& space, const PieceId& piece) {
  return space_key(space, SpaceRow::kept, piece.size() + 8).append(as_text(Bytes(piece)));
}

std::string unused_key(const SpaceId& space, EntryNumber entry, const AttachmentId& attachment) {
  std::string key = numbered_key(space, SpaceRow::unused, entry);
  Encoder(key).u64_be(attachment.entry);
  append_u32_be(key, attachment.index);
  return key;
}

std::string purged_key(const SpaceId& space, const AttachmentId& entry_and_change) {
  std::string key = numbered_key(space, SpaceRow::purged, entry_and_change.entry);
  append_u32_be(key, entry_and_change.index);
  return key;
}

std::string rewind_key(const SpaceId& space, EntryNumber rewind) {
  return numbered_key(space, SpaceRow::rewind, rewind);
}

std::string trimmed_key(const SpaceId& space) { return space_key(space, SpaceRow::trimmed, 0); }

std::string first_of_entry(const SpaceId& space, SpaceRow row, EntryNumber entry) {
  return numbered_key(space, row, entry);
}

std::string staged_key(const SpaceId& space, const AttachmentId& entry_and_change) {
  std::string key = numbered_key(space, SpaceRow::staged, entry_and_change.entry);
  append_u32_be(key, entry_and_change.index);
  return key;
}

std::string property_key(const SpaceId& space, NodeId node, std::string_view key) {
  return properties_prefix(space, node).append(key);
}

std::string properties_prefix(const SpaceId& space, NodeId node) {
  return numbered_key(space, SpaceRow::property, node);
}

std::string tagged_key(const SpaceId& space, std::string_view tag, NodeId node) {
  std::string key = tagged_prefix(space, tag);
  Encoder(key).u64_be(node);
  return key;
}

std::string tagged_prefix(const SpaceId& space, std::string_view tag) {
  std::string key = space_key(space, SpaceRow::tagged, tag.size() + 9);
  key.append(tag).push_back('\0');
  return key;
}

std::string tag_property(std::string_view tag) { return std::string(kTagPrefix).append(tag); }

std::optional<std::string_view> tag_of(std::string_view property) {
  if (!property.starts_with(kTagPrefix)) return std::nullopt;
  return property.substr(kTagPrefix.size());
}

std::string upload_key(const SpaceId& space, EntryNumber upload) {
  return numbered_key(space, SpaceRow::upload, upload);
}

std::string settled_key(const SpaceId& space, EntryNumber upload, std::uint64_t offset) {
  std::string key = settled_prefix(space, upload);
  Encoder(key).u64_be(offset);
  return key;
}

std::string settled_prefix(const SpaceId& space, EntryNumber upload) {
  return numbered_key(space, SpaceRow::settled, upload);
}

std::string row_prefix(const SpaceId& space, SpaceRow row) { return space_key(space, row, 0); }

std::string children_prefix(const SpaceId& space, NodeId parent) {
  return numbered_key(space, SpaceRow::node, parent);
}

std::string versions_prefix(const SpaceId& space, NodeId node) {
  return numbered_key(space, SpaceRow::version, node);
}

std::string marks_prefix(const SpaceId& space, NodeId node) {
  return numbered_key(space, SpaceRow::mark, node);
}

std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<std::uint8_t>(end.back()) == 0xff) end.pop_back();
  assert(!end.empty());
  end.back() = static_cast<char>(static_cast<std::uint8_t>(end.back()) + 1);
  return end;
}

std::string_view name_in_node_key(std::string_view key) { return behind(key, kPartitionBytes + 9); }

std::uint64_t last_u64_in(std::string_view key) { return Decoder(last(key, 8)).u64_be(); }

EntryNumber entry_in_key(std::string_view key) {
  return Decoder(behind(key, kPartitionBytes + 1)).u64_be();
}

PieceId piece_in_dropped_key(std::string_view key) {
  return id_of<PieceId>(behind(key, kPartitionBytes + 9));
}

AttachmentId attachment_in_key(std::string_view key) {
  const std::string_view bytes = last(key, 12);
  AttachmentId id;
  id.entry = Decoder(bytes).u64_be();
  for (const char byte : behind(bytes, 8))
    id.index = id.index << 8 | static_cast<std::uint8_t>(byte);
  return id;
}

PropertyInKey property_in_key(std::string_view key) {
  return {entry_in_key(key), behind(key, kPartitionBytes + 9)};
}

std::string catalogue_partition() { return std::string(kCatalogue); }

std::string catalogue_spaces_prefix() { return std::string(kCatalogue) + 't'; }

SpaceId space_in_catalogue_key(std::string_view space_key) {
  return {id_of<decltype(SpaceId::bytes)>(last(space_key, sizeof(SpaceId::bytes)))};
}

std::string catalogue_space_prefix(std::string_view tenant) { return catalogue_key('t', tenant); }

std::string catalogue_space_key(std::string_view tenant, SpaceKind kind, const SpaceId& space) {
  std::string key = catalogue_key('t', tenant);
  key.push_back(static_cast<char>(kind));
  return key.append(as_text(Bytes(space.bytes)));
}

std::string catalogue_gone_prefix() { return std::string(kCatalogue) + 'x'; }

std::string catalogue_gone_key(const SpaceId& space) {
  return catalogue_gone_prefix().append(as_text(Bytes(space.bytes)));
}

std::string catalogue_aliases_prefix() { return std::string(kCatalogue) + 'a'; }

std::string catalogue_alias_key(std::string_view tenant, std::string_view alias) {
  return catalogue_key('a', tenant).append(alias);
}

std::string principal_partition(std::string_view tenant, std::string_view user) {
  std::string key(1, kPrincipalTag);
  key.append(tenant).push_back('\0');
  key.append(user).push_back('\0');
  return key;
}

std::string favourites_prefix(std::string_view tenant, std::string_view user) {
  return principal_partition(tenant, user) + 'f';
}

std::string favourite_key(std::string_view tenant, std::string_view user, const SpaceId& space,
                          NodeId node) {
  std::string key = favourites_prefix(tenant, user);
  Encoder(key).raw(Bytes(space.bytes)).u64_be(node);
  return key;
}

Result<FavouriteInKey> favourite_in_key(std::string_view prefix, std::string_view key) {
  FavouriteInKey favourite;
  if (!key.starts_with(prefix)) return corrupt_record("favourite");
  Decoder in(key.substr(prefix.size()));
  favourite.space.bytes = decode_array<16>(in);
  favourite.node = in.u64_be();
  if (!in.finish()) return corrupt_record("favourite");
  return favourite;
}

std::string waiting_uploads_prefix() { return std::string(kWaiting) + 'u'; }

std::string waiting_uploads_key(const SpaceId& space) {
  return waiting_uploads_prefix().append(as_text(Bytes(space.bytes)));
}

std::string waiting_thinning_key(const SpaceId& space) {
  return (std::string(kWaiting) + 'v').append(as_text(Bytes(space.bytes)));
}

SpaceId space_in_waiting_key(std::string_view key) { return space_in_catalogue_key(key); }

}  // namespace spind::model
