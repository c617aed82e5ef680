#include "model/records.h"

#include "base/try.h"
#include "model/record_codec.h"
#include "model/vault_rows.h"

namespace spind::model {
namespace {

// Flags of a version.
constexpr std::uint8_t kHasSha1 = 1, kHasMd5 = 2, kHasAdler32 = 4;
// In a vault without encryption a file of one piece has that piece's id as its SHA-256.
constexpr std::uint8_t kPieceIsSha256 = 8;
constexpr std::uint8_t kKnownVersionFlags = 15;

// Says who removed the node and when.
constexpr std::uint8_t kTrashFormat = 2;

// So that it can be said in nanoseconds.
constexpr std::int64_t kWrittenMsMax = INT64_MAX / 1'000'000;

constexpr std::uint8_t kPinned = 1;  // the only flag of a mark

std::uint8_t version_flags(const VersionRecord& version) {
  std::uint8_t flags = 0;
  if (version.checksums.sha1) flags |= kHasSha1;
  if (version.checksums.md5) flags |= kHasMd5;
  if (version.checksums.adler32) flags |= kHasAdler32;
  if (version.content.kind == ContentKind::piece && version.content.piece == version.sha256)
    flags |= kPieceIsSha256;
  return flags;
}

template <class T, class Part>
Result<T> decode_whole(RecordTag tag, std::string_view bytes, std::string_view what, Part part,
                       std::uint8_t newest_format = kRecordFormat) {
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(tag, bytes, what, newest_format));
  Decoder in(body);
  T record = part(in);
  if (!in.finish()) return corrupt_record(what);
  return record;
}

FolderTotals decode_totals(Decoder& in) {
  FolderTotals totals;
  totals.live_bytes = in.varint();
  totals.version_bytes = in.varint();
  totals.files = in.varint();
  totals.folders = in.varint();
  return totals;
}

}  // namespace

Error corrupt_record(std::string_view what) {
  return {.code = Code::corruption, .text = "broken record: " + std::string(what)};
}

Result<std::string_view> open_record(RecordTag tag, std::string_view bytes, std::string_view what,
                                     std::uint8_t newest_format) {
  const auto body = unseal(bytes);
  if (!body || body->size() < 2 || static_cast<std::uint8_t>((*body)[0]) != std::uint8_t(tag))
    return corrupt_record(what);
  if (format_of(*body) < kRecordFormat || format_of(*body) > newest_format)
    return Error{.code = Code::unsupported,
                 .text = "record of a newer format: " + std::string(what)};
  return body->substr(2);
}

FolderTotals NodeRecord::weight() const {
  if (kind == NodeKind::file) return {current.size_bytes, version_bytes, 1, 0};
  FolderTotals sum = totals;
  ++sum.folders;
  return sum;
}

void encode_part(Encoder& out, const VersionRecord& v) {
  const std::uint8_t flags = version_flags(v);
  out.u8(flags).varint(v.number).varint(v.size_bytes).zigzag(v.mtime_ns).zigzag(v.written_ms);
  out.varint(v.entry).bytes(v.author).raw(Bytes(v.sha256));
  if (v.checksums.sha1) out.raw(Bytes(*v.checksums.sha1));
  if (v.checksums.md5) out.raw(Bytes(*v.checksums.md5));
  if (v.checksums.adler32) out.u32(*v.checksums.adler32);
  out.u8(static_cast<std::uint8_t>(v.content.kind));
  switch (v.content.kind) {
    case ContentKind::empty: break;
    case ContentKind::inline_bytes:
    case ContentKind::manifest:
      out.varint(v.content.attachment.entry).varint(v.content.attachment.index);
      break;
    case ContentKind::piece:
      if ((flags & kPieceIsSha256) == 0) out.raw(Bytes(v.content.piece));
      break;
  }
}

void decode_part(Decoder& in, VersionRecord& v) {
  const std::uint8_t flags = in.u8();
  if ((flags & ~kKnownVersionFlags) != 0) in.fail();
  v.number = in.varint();
  v.size_bytes = in.varint();
  v.mtime_ns = in.zigzag();
  v.written_ms = in.zigzag();
  if (v.written_ms > kWrittenMsMax || v.written_ms < -kWrittenMsMax) in.fail();
  v.entry = in.varint();
  v.author = in.bytes();
  v.sha256 = decode_array<32>(in);
  v.checksums = {};
  if ((flags & kHasSha1) != 0) v.checksums.sha1 = decode_array<20>(in);
  if ((flags & kHasMd5) != 0) v.checksums.md5 = decode_array<16>(in);
  if ((flags & kHasAdler32) != 0) v.checksums.adler32 = in.u32();
  const std::uint8_t kind = in.u8();
  if (kind > static_cast<std::uint8_t>(ContentKind::manifest)) in.fail();
  v.content = {};
  v.content.kind = static_cast<ContentKind>(kind);
  if (v.content.kind == ContentKind::inline_bytes || v.content.kind == ContentKind::manifest) {
    v.content.attachment.entry = in.varint();
    const std::uint64_t index = in.varint();
    if (index > UINT32_MAX) in.fail();
    v.content.attachment.index = static_cast<std::uint32_t>(index);
  }
  if (v.content.kind == ContentKind::piece)
    v.content.piece = (flags & kPieceIsSha256) != 0 ? v.sha256 : decode_array<32>(in);
  if (version_flags(v) != flags) in.fail();  // one encoding only
}

VersionRecord decode_version_part(Decoder& in) {
  VersionRecord version;
  decode_part(in, version);
  return version;
}

void encode_part(Encoder& out, const NodeRecord& node) {
  out.u8(static_cast<std::uint8_t>(node.kind)).varint(node.id).varint(node.changed);
  out.bytes(node.creator);
  if (node.kind == NodeKind::file) {
    out.varint(node.version_bytes);
    encode_part(out, node.current);
    return;
  }
  out.zigzag(node.mtime_ns);
  out.varint(node.totals.live_bytes).varint(node.totals.version_bytes);
  out.varint(node.totals.files).varint(node.totals.folders);
}

void decode_part(Decoder& in, NodeRecord& node) {
  const std::uint8_t kind = in.u8();
  if (kind != std::uint8_t(NodeKind::file) && kind != std::uint8_t(NodeKind::folder)) in.fail();
  node.kind = static_cast<NodeKind>(kind);
  node.id = in.varint();
  node.changed = in.varint();
  node.creator = in.bytes();
  if (node.kind == NodeKind::file) {
    node.version_bytes = in.varint();
    decode_part(in, node.current);
    node.mtime_ns = node.current.mtime_ns;
    node.totals = {};
    return;
  }
  node.current = {};
  node.version_bytes = 0;
  node.mtime_ns = in.zigzag();
  node.totals = decode_totals(in);
}

NodeRecord decode_node_part(Decoder& in) {
  NodeRecord node;
  decode_part(in, node);
  return node;
}

namespace {

void encode_version_policy(Encoder& out, const VersionPolicy& policy) {
  out.u8(static_cast<std::uint8_t>(policy.thinning));
  if (policy.thinning != Thinning::count_and_age) return;
  out.varint(policy.count_min).zigzag(policy.keep_ns).varint(policy.count_max);
}

VersionPolicy decode_version_policy(Decoder& in) {
  VersionPolicy policy;
  const std::uint8_t thinning = in.u8();
  if (thinning < 1 || thinning > 4) in.fail();
  policy.thinning = static_cast<Thinning>(thinning);
  if (policy.thinning != Thinning::count_and_age) return policy;
  policy.count_min = in.varint();
  policy.keep_ns = in.zigzag();
  policy.count_max = in.varint();
  if (policy.keep_ns < 0) in.fail();
  return policy;
}

}  // namespace

void encode_part(Encoder& out, const SpaceRecord& space, std::uint8_t format) {
  out.u8(static_cast<std::uint8_t>(space.kind)).u8(static_cast<std::uint8_t>(space.names));
  out.bytes(space.tenant).bytes(space.alias).bytes(space.name).bytes(space.description);
  out.bytes(space.owner).bytes(space.creator).zigzag(space.created_ns).u64(space.history);
  if (format < 2) return;
  out.zigzag(space.floor.keep_ns).varint(space.floor.keep_entries);
  out.u8(static_cast<std::uint8_t>(space.state)).varint(space.image).varint(space.readme);
  if (format < 3) return;
  out.zigzag(space.trash.keep_ns);
  encode_version_policy(out, space.versions);
  if (format >= 4) out.u8(static_cast<std::uint8_t>(space.pieces));
  if (format >= 5) out.u8(static_cast<std::uint8_t>(space.vault));
}

SpaceRecord decode_space_part(Decoder& in, std::uint8_t format) {
  SpaceRecord space;
  const std::uint8_t kind = in.u8();
  const std::uint8_t names = in.u8();
  if (kind < 1 || kind > 2 || names < 1 || names > 2) in.fail();
  space.kind = static_cast<SpaceKind>(kind);
  space.names = static_cast<NameRule>(names);
  space.tenant = in.bytes();
  space.alias = in.bytes();
  space.name = in.bytes();
  space.description = in.bytes();
  space.owner = in.bytes();
  space.creator = in.bytes();
  space.created_ns = in.zigzag();
  space.history = in.u64();
  if (format < 2) return space;
  space.floor.keep_ns = in.zigzag();
  space.floor.keep_entries = in.varint();
  if (space.floor.keep_ns < 0) in.fail();
  const std::uint8_t state = in.u8();
  if (state < 1 || state > (format < 3 ? 2 : 3)) in.fail();
  space.state = static_cast<SpaceStatus>(state);
  space.image = in.varint();
  space.readme = in.varint();
  if (format < 3) return space;
  space.trash.keep_ns = in.zigzag();
  if (space.trash.keep_ns < 0) in.fail();
  space.versions = decode_version_policy(in);
  if (format < 4) return space;
  const std::uint8_t pieces = in.u8();
  if (pieces < 1 || pieces > 2) in.fail();
  space.pieces = static_cast<PieceRule>(pieces);
  if (format < 5) return space;
  const std::uint8_t vault = in.u8();
  if (vault < 1 || vault > 2) in.fail();
  space.vault = static_cast<VaultRule>(vault);
  return space;
}

std::string vault_name(const SpaceRecord& record, const SpaceId& space) {
  VaultName name{record.tenant};
  if (record.vault == VaultRule::own) name.space = space;
  return encode(name);
}

void encode_part(Encoder& out, const MarkRecord& mark) {
  out.u8(mark.pinned ? kPinned : 0).bytes(mark.label);
}

MarkRecord decode_mark_part(Decoder& in) {
  MarkRecord mark;
  const std::uint8_t flags = in.u8();
  if ((flags & ~kPinned) != 0) in.fail();
  mark.pinned = (flags & kPinned) != 0;
  mark.label = in.bytes();
  return mark;
}

std::string encode(const VersionRecord& record) {
  std::string out = begin_record(RecordTag::version);
  Encoder encoder(out);
  encode_part(encoder, record);
  return finish_record(std::move(out));
}

std::string encode(const NodeRecord& record) {
  std::string out = begin_record(RecordTag::node);
  Encoder encoder(out);
  encode_part(encoder, record);
  return finish_record(std::move(out));
}

std::string encode(const Locator& locator) {
  std::string out = begin_record(RecordTag::locator, 64);
  Encoder encoder(out);
  encoder.varint(locator.parent).bytes(locator.name);
  encoder.varint(locator.trash.entry).varint(locator.trash.index);
  return finish_record(std::move(out));
}

std::string encode(const TrashRecord& record) {
  // A row of before stays as it was when it is put back.
  const bool known = !record.removed_by.empty();
  std::string out = begin_record(RecordTag::trash, 128, known ? kTrashFormat : kRecordFormat);
  Encoder encoder(out);
  encoder.varint(record.parent).bytes(record.name);
  encode_part(encoder, record.node);
  if (known) encoder.bytes(record.removed_by).zigzag(record.removed_ns);
  return finish_record(std::move(out));
}

std::string encode(const SpaceRecord& record) {
  const std::uint8_t format = format_needed(record);
  std::string out = begin_record(RecordTag::space, 128, format);
  Encoder encoder(out);
  encode_part(encoder, record, format);
  return finish_record(std::move(out));
}

std::string encode(const Head& head) {
  std::string out = begin_record(RecordTag::head);
  Encoder encoder(out);
  encoder.varint(head.entry).varint(head.visible).zigzag(head.time_ns).varint(head.next_node);
  encoder.varint(head.epoch).varint(head.trash_bytes).varint(head.floor);
  encoder.raw(Bytes(head.chain));
  return finish_record(std::move(out));
}

std::string encode(const MarkRecord& mark) {
  std::string out = begin_record(RecordTag::mark, 64);
  Encoder encoder(out);
  encode_part(encoder, mark);
  return finish_record(std::move(out));
}

std::string encode_property(std::string_view value) {
  std::string out = begin_record(RecordTag::property, value.size() + 16);
  Encoder(out).bytes(value);
  return finish_record(std::move(out));
}

std::string encode_manifest(const std::vector<Piece>& pieces) {
  std::string out = begin_record(RecordTag::manifest, 16 + pieces.size() * 36);
  Encoder encoder(out);
  encoder.varint(pieces.size());
  for (const Piece& piece : pieces) encoder.raw(Bytes(piece.id)).varint(piece.size_bytes);
  return finish_record(std::move(out));
}

std::string encode_count(std::uint64_t count) {
  std::string out = begin_record(RecordTag::count, 16);
  Encoder(out).varint(count);
  return finish_record(std::move(out));
}

std::string encode_inline(std::string_view content) {
  std::string out = begin_record(RecordTag::inline_content, content.size() + 10);
  Encoder(out).raw(content);
  Encoder(out).u64(xxh3_64(as_bytes(out)));
  return out;
}

Result<VersionRecord> decode_version(std::string_view bytes) {
  return decode_whole<VersionRecord>(RecordTag::version, bytes, "version", decode_version_part);
}

Status decode_node(std::string_view bytes, NodeRecord& node) {
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::node, bytes, "node"));
  Decoder in(body);
  decode_part(in, node);
  if (!in.finish()) return corrupt_record("node");
  return {};
}

Result<NodeRecord> decode_node(std::string_view bytes) {
  return decode_whole<NodeRecord>(RecordTag::node, bytes, "node", decode_node_part);
}

Result<Locator> decode_locator(std::string_view bytes) {
  return decode_whole<Locator>(RecordTag::locator, bytes, "locator", [](Decoder& in) {
    Locator locator;
    locator.parent = in.varint();
    locator.name = in.bytes();
    locator.trash.entry = in.varint();
    const std::uint64_t index = in.varint();
    if (index > UINT32_MAX) in.fail();
    locator.trash.index = static_cast<std::uint32_t>(index);
    return locator;
  });
}

Result<TrashRecord> decode_trash(std::string_view bytes) {
  const auto decode = [bytes](Decoder& in) {
    TrashRecord record;
    record.parent = in.varint();
    record.name = in.bytes();
    record.node = decode_node_part(in);
    if (format_of(bytes) < kTrashFormat) return record;
    record.removed_by = in.bytes();
    record.removed_ns = in.zigzag();
    if (record.removed_by.empty()) in.fail();
    return record;
  };
  return decode_whole<TrashRecord>(RecordTag::trash, bytes, "trash", decode, kTrashFormat);
}

Result<SpaceRecord> decode_space(std::string_view bytes) {
  const auto decode = [bytes](Decoder& in) {
    SpaceRecord record = decode_space_part(in, format_of(bytes));
    if (format_needed(record) != format_of(bytes)) in.fail();  // one encoding only
    return record;
  };
  return decode_whole<SpaceRecord>(RecordTag::space, bytes, "space", decode, kSpaceFormat);
}

Result<Head> decode_head(std::string_view bytes) {
  return decode_whole<Head>(RecordTag::head, bytes, "head", [](Decoder& in) {
    Head head;
    head.entry = in.varint();
    head.visible = in.varint();
    head.time_ns = in.zigzag();
    head.next_node = in.varint();
    head.epoch = in.varint();
    head.trash_bytes = in.varint();
    head.floor = in.varint();
    head.chain = decode_array<32>(in);
    return head;
  });
}

Result<MarkRecord> decode_mark(std::string_view bytes) {
  return decode_whole<MarkRecord>(RecordTag::mark, bytes, "mark", [](Decoder& in) {
    MarkRecord mark = decode_mark_part(in);
    if (mark.says_nothing()) in.fail();
    return mark;
  });
}

Result<std::string_view> decode_property(std::string_view bytes) {
  return decode_whole<std::string_view>(RecordTag::property, bytes, "property",
                                        [](Decoder& in) { return in.bytes(); });
}

Result<std::vector<Piece>> decode_manifest(std::string_view bytes) {
  return decode_whole<std::vector<Piece>>(RecordTag::manifest, bytes, "manifest", [](Decoder& in) {
    std::vector<Piece> pieces;
    const std::uint64_t count = in.varint();
    if (count > in.remaining() / 33) in.fail();
    for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
      Piece piece;
      piece.id = decode_array<32>(in);
      piece.size_bytes = in.varint();
      pieces.push_back(piece);
    }
    return pieces;
  });
}

Result<std::uint64_t> decode_count(std::string_view bytes) {
  return decode_whole<std::uint64_t>(RecordTag::count, bytes, "count",
                                     [](Decoder& in) { return in.varint(); });
}

Result<std::string_view> decode_inline(std::string_view bytes) {
  constexpr std::size_t kHeaderBytes = 2, kHashBytes = 8;
  if (bytes.size() < kHeaderBytes + kHashBytes) return corrupt_record("inline content");
  const std::string_view hashed = bytes.substr(0, bytes.size() - kHashBytes);
  if (bytes[0] != static_cast<char>(RecordTag::inline_content) || bytes[1] != kRecordFormat ||
      Decoder(bytes.substr(hashed.size())).u64() != xxh3_64(as_bytes(hashed)))
    return corrupt_record("inline content");
  return hashed.substr(kHeaderBytes);
}

}  // namespace spind::model
