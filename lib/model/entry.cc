#include "model/entry.h"

#include <algorithm>

#include "base/hash.h"
#include "base/limits.h"
#include "base/try.h"
#include "model/record_codec.h"

namespace spind::model {
namespace {

constexpr std::uint8_t kVisible = 1;
constexpr std::uint8_t kHadProperty = 1, kHasProperty = 2;  // flags of an edit

// A payload has the format of the newest space record in it.
std::uint8_t payload_format(const Entry& entry) {
  std::uint8_t format = kRecordFormat;
  for (const Change& change : entry.changes) {
    if (const auto* created = std::get_if<SpaceCreated>(&change))
      format = std::max(format, format_needed(created->space));
    if (const auto* updated = std::get_if<SpaceUpdated>(&change))
      format = std::max({format, format_needed(updated->before), format_needed(updated->after)});
  }
  return format;
}

void encode_fields(Encoder& out, const SpaceCreated& change, std::uint8_t format) {
  encode_part(out, change.space, format);
  encode_part(out, change.root);
}
void encode_fields(Encoder& out, const SpaceUpdated& change, std::uint8_t format) {
  encode_part(out, change.before, format);
  encode_part(out, change.after, format);
}
void encode_fields(Encoder& out, const NodeAdded& change) {
  out.varint(change.parent).bytes(change.name);
  encode_part(out, change.node);
}
void encode_fields(Encoder& out, const VersionAdded& change) {
  out.varint(change.node).varint(change.replaced_version).varint(change.replaced_changed);
  encode_part(out, change.version);
}
void encode_fields(Encoder& out, const NodeMoved& change) {
  out.varint(change.node).varint(change.replaced_changed);
  out.varint(change.from_parent).bytes(change.from_name);
  out.varint(change.to_parent).bytes(change.to_name);
}
void encode_fields(Encoder& out, const NodeTrashed& change) {
  out.varint(change.node).varint(change.parent).bytes(change.name);
}
void encode_fields(Encoder& out, const MtimeSet& change) {
  out.varint(change.node).varint(change.replaced_changed);
  out.zigzag(change.before_ns).zigzag(change.after_ns);
}
void encode_fields(Encoder& out, const Unchanged& change) { out.varint(change.node); }
void encode_fields(Encoder& out, const VersionRemoved& change) {
  out.varint(change.node).varint(change.replaced_changed);
  encode_part(out, change.version);
  encode_part(out, change.mark);
}
void encode_fields(Encoder& out, const VersionMarked& change) {
  out.varint(change.node).varint(change.replaced_changed).varint(change.number);
  encode_part(out, change.before);
  encode_part(out, change.after);
}
void encode_fields(Encoder& out, const NodeRestored& change) {
  out.varint(change.node).varint(change.replaced_changed);
  out.varint(change.item.entry).varint(change.item.index).u8(change.below ? 1 : 0);
  out.varint(change.from_parent).bytes(change.from_name);
  out.varint(change.to_parent).bytes(change.to_name);
  out.bytes(change.removed_by).zigzag(change.removed_ns);
}
void encode_fields(Encoder& out, const NodePurged& change) {
  out.varint(change.node).varint(change.item.entry).varint(change.item.index);
}
void encode_fields(Encoder& out, const Rewound& change) { out.varint(change.to); }
void encode_fields(Encoder& out, const SubtreeStaged& change) { encode_part(out, change.top); }
void encode_fields(Encoder& out, const SubtreeAttached& change) {
  out.varint(change.node).varint(change.staged.entry).varint(change.staged.index);
  out.varint(change.parent).bytes(change.name);
}
void encode_fields(Encoder& out, const StagingPurged& change) {
  out.varint(change.node).varint(change.staged.entry).varint(change.staged.index);
}
void encode_fields(Encoder& out, const PropertiesSet& change) {
  out.varint(change.node).varint(change.replaced_changed).varint(change.edits.size());
  for (const PropertyEdit& edit : change.edits) {
    const int flags = (edit.before ? kHadProperty : 0) | (edit.after ? kHasProperty : 0);
    out.bytes(edit.key).u8(static_cast<std::uint8_t>(flags));
    if (edit.before) out.bytes(*edit.before);
    if (edit.after) out.bytes(*edit.after);
  }
}
void encode_fields(Encoder& out, const UploadStarted& change) { encode_part(out, change.upload); }
void encode_fields(Encoder& out, const UploadChanged& change) {
  out.varint(change.upload);
  encode_part(out, change.before);
  encode_part(out, change.after);
  out.varint(change.settled.size());
  for (const Piece& piece : change.settled) out.raw(Bytes(piece.id)).varint(piece.size_bytes);
}
void encode_fields(Encoder& out, const UploadEnded& change) {
  out.varint(change.number).varint(change.settled_index);
  encode_part(out, change.upload);
}

std::uint32_t decode_index(Decoder& in) {
  const std::uint64_t index = in.varint();
  if (index > UINT32_MAX) in.fail();
  return static_cast<std::uint32_t>(index);
}

AttachmentId decode_item(Decoder& in) {
  AttachmentId item;
  item.entry = in.varint();
  item.index = decode_index(in);
  return item;
}

void decode_fields(Decoder& in, SpaceCreated& change, std::uint8_t format) {
  change.space = decode_space_part(in, format);
  change.root = decode_node_part(in);
}
void decode_fields(Decoder& in, SpaceUpdated& change, std::uint8_t format) {
  change.before = decode_space_part(in, format);
  change.after = decode_space_part(in, format);
}
void decode_fields(Decoder& in, NodeAdded& change) {
  change.parent = in.varint();
  change.name = in.bytes();
  change.node = decode_node_part(in);
}
void decode_fields(Decoder& in, VersionAdded& change) {
  change.node = in.varint();
  change.replaced_version = in.varint();
  change.replaced_changed = in.varint();
  change.version = decode_version_part(in);
}
void decode_fields(Decoder& in, NodeMoved& change) {
  change.node = in.varint();
  change.replaced_changed = in.varint();
  change.from_parent = in.varint();
  change.from_name = in.bytes();
  change.to_parent = in.varint();
  change.to_name = in.bytes();
}
void decode_fields(Decoder& in, NodeTrashed& change) {
  change.node = in.varint();
  change.parent = in.varint();
  change.name = in.bytes();
}
void decode_fields(Decoder& in, MtimeSet& change) {
  change.node = in.varint();
  change.replaced_changed = in.varint();
  change.before_ns = in.zigzag();
  change.after_ns = in.zigzag();
}
void decode_fields(Decoder& in, Unchanged& change) { change.node = in.varint(); }
void decode_fields(Decoder& in, VersionRemoved& change) {
  change.node = in.varint();
  change.replaced_changed = in.varint();
  change.version = decode_version_part(in);
  change.mark = decode_mark_part(in);
}
void decode_fields(Decoder& in, VersionMarked& change) {
  change.node = in.varint();
  change.replaced_changed = in.varint();
  change.number = in.varint();
  change.before = decode_mark_part(in);
  change.after = decode_mark_part(in);
}
void decode_fields(Decoder& in, NodeRestored& change) {
  change.node = in.varint();
  change.replaced_changed = in.varint();
  change.item = decode_item(in);
  const std::uint8_t below = in.u8();
  if (below > 1) in.fail();
  change.below = below == 1;
  change.from_parent = in.varint();
  change.from_name = in.bytes();
  change.to_parent = in.varint();
  change.to_name = in.bytes();
  change.removed_by = in.bytes();
  change.removed_ns = in.zigzag();
}
void decode_fields(Decoder& in, NodePurged& change) {
  change.node = in.varint();
  change.item = decode_item(in);
}
void decode_fields(Decoder& in, Rewound& change) { change.to = in.varint(); }
void decode_fields(Decoder& in, SubtreeStaged& change) {
  change.top = decode_node_part(in);
  if (change.top.kind != NodeKind::folder || change.top.totals != FolderTotals{}) in.fail();
}
void decode_fields(Decoder& in, SubtreeAttached& change) {
  change.node = in.varint();
  change.staged = decode_item(in);
  change.parent = in.varint();
  change.name = in.bytes();
}
void decode_fields(Decoder& in, StagingPurged& change) {
  change.node = in.varint();
  change.staged = decode_item(in);
}
void decode_fields(Decoder& in, PropertiesSet& change) {
  change.node = in.varint();
  change.replaced_changed = in.varint();
  const std::uint64_t count = in.varint();
  if (count == 0) in.fail();
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    PropertyEdit edit;
    edit.key = in.bytes();
    const std::uint8_t flags = in.u8();
    if ((flags & kHadProperty) != 0) edit.before = in.bytes();
    if ((flags & kHasProperty) != 0) edit.after = in.bytes();
    const bool in_order = i == 0 || change.edits.back().key < edit.key;
    if (flags > (kHadProperty | kHasProperty) || edit.before == edit.after || !in_order) in.fail();
    change.edits.push_back(std::move(edit));
  }
}
void decode_fields(Decoder& in, UploadStarted& change) { change.upload = decode_upload_part(in); }
void decode_fields(Decoder& in, UploadChanged& change) {
  change.upload = in.varint();
  change.before = decode_progress_part(in);
  change.after = decode_progress_part(in);
  const std::uint64_t count = in.varint();
  std::uint64_t settled_bytes = change.before.settled_bytes;
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    const Piece piece{decode_array<32>(in), in.varint()};
    if (piece.size_bytes > kFileBytesMax) in.fail();
    settled_bytes += piece.size_bytes;
    change.settled.push_back(piece);
  }
  if (settled_bytes != change.after.settled_bytes) in.fail();
}
void decode_fields(Decoder& in, UploadEnded& change) {
  change.number = in.varint();
  change.settled_index = decode_index(in);
  change.upload = decode_upload_part(in);
}

// A rewind is an entry of its own and undoes at least one other, so that going from entry to entry
// always ends at the first.
bool sound_rewind(const Entry& entry) {
  if (entry.type != EntryType::rewound)
    return std::none_of(entry.changes.begin(), entry.changes.end(), [](const Change& change) {
      return std::holds_alternative<Rewound>(change);
    });
  const auto undoes_one = [&entry](const Change& change) {
    const auto* rewound = std::get_if<Rewound>(&change);
    return rewound != nullptr && rewound->to >= 1 && entry.number >= 3 &&
           rewound->to <= entry.number - 2;
  };
  const auto does_nothing = [](const Change& change) {
    return std::holds_alternative<Unchanged>(change);
  };
  return entry.changes.size() == 1 && entry.way.empty() &&
         (undoes_one(entry.changes.front()) || does_nothing(entry.changes.front()));
}

template <std::size_t kIndex = 0>
void decode_change(Decoder& in, std::uint8_t format, std::size_t index, std::vector<Change>& out) {
  if constexpr (kIndex == std::variant_size_v<Change>) {
    in.fail();
  } else if (index == kIndex) {
    auto& change = std::get<kIndex>(out.emplace_back(std::in_place_index<kIndex>));
    if constexpr (requires { decode_fields(in, change, format); })
      decode_fields(in, change, format);
    else
      decode_fields(in, change);
  } else {
    decode_change<kIndex + 1>(in, format, index, out);
  }
}

std::string encode_payload(const Entry& entry) {
  const std::uint8_t format = payload_format(entry);
  std::string out = begin_record(RecordTag::payload, 256, format);
  Encoder encoder(out);
  encoder.raw(Bytes(entry.salt));
  encoder.bytes(entry.principal).bytes(entry.application).bytes(entry.request_id);
  encoder.varint(entry.replaced_visible).zigzag(entry.replaced_time_ns);
  encoder.varint(entry.replaced_next_node);
  encoder.varint(entry.way.size());
  for (const WayFolder& folder : entry.way)
    encoder.varint(folder.id).varint(folder.parent_index).varint(folder.replaced_changed);
  encoder.varint(entry.changes.size());
  for (const Change& change : entry.changes) {
    encoder.u8(static_cast<std::uint8_t>(change.index()));
    std::visit(
        [&encoder, format](const auto& fields) {
          if constexpr (requires { encode_fields(encoder, fields, format); })
            encode_fields(encoder, fields, format);
          else
            encode_fields(encoder, fields);
        },
        change);
  }
  encoder.varint(entry.manifests.size());
  for (const Digest& digest : entry.manifests) encoder.raw(Bytes(digest));
  return finish_record(std::move(out));
}

void decode_way(Decoder& in, std::vector<WayFolder>& way) {
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    WayFolder folder;
    folder.id = in.varint();
    const std::uint64_t parent_index = in.varint();
    if (parent_index > i || (parent_index == i && i != 0)) in.fail();
    folder.parent_index = static_cast<std::uint32_t>(parent_index);
    folder.replaced_changed = in.varint();
    way.push_back(folder);
  }
}

bool decode_fields(Decoder& in, Entry& entry, std::uint8_t format) {
  entry.salt = decode_array<16>(in);
  entry.principal = in.bytes();
  entry.application = in.bytes();
  entry.request_id = in.bytes();
  entry.replaced_visible = in.varint();
  entry.replaced_time_ns = in.zigzag();
  entry.replaced_next_node = in.varint();
  entry.way.clear();
  decode_way(in, entry.way);
  entry.changes.clear();
  const std::uint64_t changes = in.varint();
  for (std::uint64_t i = 0; in.ok() && i < changes; ++i) {
    const std::uint8_t index = in.u8();
    decode_change(in, format, index, entry.changes);
  }
  entry.manifests.clear();
  const std::uint64_t manifests = in.varint();
  for (std::uint64_t i = 0; in.ok() && i < manifests; ++i)
    entry.manifests.push_back(decode_array<32>(in));
  return in.finish() && payload_format(entry) == format;  // one encoding only
}

}  // namespace

EncodedEntry encode(const Entry& entry) {
  EncodedEntry encoded;
  encoded.payload = encode_payload(entry);
  encoded.skeleton = begin_record(RecordTag::skeleton, 128);
  Encoder encoder(encoded.skeleton);
  encoder.varint(entry.number).u8(static_cast<std::uint8_t>(entry.type));
  encoder.u8(entry.visible ? kVisible : 0).varint(entry.epoch);
  encoder.zigzag(entry.wall_ns).zigzag(entry.time_ns);
  encoder.raw(Bytes(entry.previous)).raw(Bytes(sha256(as_bytes(encoded.payload))));
  seal(encoded.skeleton);
  encoded.chain = sha256(as_bytes(encoded.skeleton));
  return encoded;
}

Result<Skeleton> decode_skeleton(std::string_view bytes) {
  SPIND_TRY_ASSIGN(const std::string_view body,
                   open_record(RecordTag::skeleton, bytes, "journal skeleton"));
  Decoder in(body);
  Skeleton skeleton;
  skeleton.number = in.varint();
  const std::uint8_t type = in.u8();
  if (type < std::uint8_t(EntryType::space_created) || type > std::uint8_t(kLastEntryType))
    in.fail();
  skeleton.type = static_cast<EntryType>(type);
  const std::uint8_t flags = in.u8();
  if ((flags & ~kVisible) != 0) in.fail();
  skeleton.visible = (flags & kVisible) != 0;
  skeleton.epoch = in.varint();
  skeleton.wall_ns = in.zigzag();
  skeleton.time_ns = in.zigzag();
  skeleton.previous = decode_array<32>(in);
  skeleton.commitment = decode_array<32>(in);
  if (!in.finish()) return corrupt_record("journal skeleton");
  return skeleton;
}

Status decode_payload(const Skeleton& skeleton, std::string_view payload, Entry& entry) {
  SPIND_TRY_ASSIGN(const std::string_view body,
                   open_record(RecordTag::payload, payload, "journal payload", kSpaceFormat));
  entry.number = skeleton.number;
  entry.type = skeleton.type;
  entry.visible = skeleton.visible;
  entry.epoch = skeleton.epoch;
  entry.wall_ns = skeleton.wall_ns;
  entry.time_ns = skeleton.time_ns;
  entry.previous = skeleton.previous;
  Decoder in(body);
  if (!decode_fields(in, entry, format_of(payload)) || !sound_rewind(entry))
    return corrupt_record("journal payload");
  return {};
}

Result<Entry> decode_entry(std::string_view skeleton_bytes, std::string_view payload) {
  SPIND_TRY_ASSIGN(const Skeleton skeleton, decode_skeleton(skeleton_bytes));
  if (sha256(as_bytes(payload)) != skeleton.commitment)
    return corrupt_record("journal payload that its skeleton does not commit to");
  Entry entry;
  SPIND_TRY(decode_payload(skeleton, payload, entry));
  return entry;
}

EntryNumber rewound_to(const Entry& entry) {
  if (entry.changes.size() != 1) return 0;
  const auto* rewound = std::get_if<Rewound>(&entry.changes.front());
  return rewound != nullptr ? rewound->to : 0;
}

}  // namespace spind::model
