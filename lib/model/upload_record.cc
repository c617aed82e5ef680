#include "model/upload_record.h"

#include "base/limits.h"
#include "base/try.h"
#include "model/record_codec.h"

namespace spind::model {
namespace {

constexpr std::uint8_t kMakeParents = 1, kMtime = 2, kIfMatch = 4, kIfNoneMatch = 8,
                       kIfUnmodified = 16, kDigest = 32;
constexpr std::uint8_t kKnownOptions = 63;
constexpr std::uint8_t kKnownChecksums = kSha1 | kMd5 | kAdler32;

std::uint8_t flags_of(const PutOptions& options) {
  std::uint8_t flags = options.make_parents ? kMakeParents : 0;
  if (options.mtime_ns) flags |= kMtime;
  if (options.conditions.if_match) flags |= kIfMatch;
  if (options.conditions.if_none_match) flags |= kIfNoneMatch;
  if (options.conditions.if_unmodified_since_ns) flags |= kIfUnmodified;
  if (options.sha256) flags |= kDigest;
  return flags;
}

void encode_options(Encoder& out, const PutOptions& options) {
  const Preconditions& conditions = options.conditions;
  out.u8(flags_of(options)).varint(*options.size_bytes);
  if (options.mtime_ns) out.zigzag(*options.mtime_ns);
  if (conditions.if_match) out.bytes(*conditions.if_match);
  if (conditions.if_none_match) out.bytes(*conditions.if_none_match);
  if (conditions.if_unmodified_since_ns) out.zigzag(*conditions.if_unmodified_since_ns);
  if (options.sha256) out.raw(Bytes(*options.sha256));
  encode_checksums(out, options.checksums);
  out.u8(options.checksums_wanted);
}

PutOptions decode_options(Decoder& in) {
  PutOptions options;
  const std::uint8_t flags = in.u8();
  if ((flags & ~kKnownOptions) != 0) in.fail();
  options.make_parents = (flags & kMakeParents) != 0;
  options.size_bytes = in.varint();
  if (*options.size_bytes > kFileBytesMax) in.fail();
  if ((flags & kMtime) != 0) options.mtime_ns = in.zigzag();
  if ((flags & kIfMatch) != 0) options.conditions.if_match = in.bytes();
  if ((flags & kIfNoneMatch) != 0) options.conditions.if_none_match = in.bytes();
  if ((flags & kIfUnmodified) != 0) options.conditions.if_unmodified_since_ns = in.zigzag();
  if ((flags & kDigest) != 0) options.sha256 = decode_array<32>(in);
  options.checksums = decode_checksums(in);
  options.checksums_wanted = in.u8();
  if ((options.checksums_wanted & ~kKnownChecksums) != 0) in.fail();
  return options;
}

UploadPart decode_upload_piece(Decoder& in) {
  UploadPart part;
  part.size_bytes = in.varint();
  if (part.size_bytes == 0 || part.size_bytes > kPieceBytesMax) in.fail();
  part.content.kind = static_cast<ContentKind>(in.u8());
  if (part.content.kind == ContentKind::inline_bytes) {
    part.content.attachment.entry = in.varint();
    const std::uint64_t index = in.varint();
    if (index > UINT32_MAX) in.fail();
    part.content.attachment.index = static_cast<std::uint32_t>(index);
  } else if (part.content.kind == ContentKind::piece) {
    part.content.piece = decode_array<32>(in);
  } else {
    in.fail();
  }
  return part;
}

}  // namespace

void encode_checksums(Encoder& out, const Checksums& checksums) {
  out.u8(static_cast<std::uint8_t>((checksums.sha1 ? kSha1 : 0) | (checksums.md5 ? kMd5 : 0) |
                                   (checksums.adler32 ? kAdler32 : 0)));
  if (checksums.sha1) out.raw(Bytes(*checksums.sha1));
  if (checksums.md5) out.raw(Bytes(*checksums.md5));
  if (checksums.adler32) out.u32(*checksums.adler32);
}

Checksums decode_checksums(Decoder& in) {
  Checksums checksums;
  const std::uint8_t kinds = in.u8();
  if ((kinds & ~kKnownChecksums) != 0) in.fail();
  if ((kinds & kSha1) != 0) checksums.sha1 = decode_array<20>(in);
  if ((kinds & kMd5) != 0) checksums.md5 = decode_array<16>(in);
  if ((kinds & kAdler32) != 0) checksums.adler32 = in.u32();
  return checksums;
}

std::uint64_t UploadProgress::received_bytes() const {
  std::uint64_t bytes = settled_bytes;
  for (const UploadPart& part : tail) bytes += part.size_bytes;
  return bytes;
}

std::int64_t UploadRecord::expires_ns() const {
  std::int64_t expires_ns = 0;
  const auto kept_ns = static_cast<std::int64_t>(kept_seconds * 1'000'000'000);
  if (__builtin_add_overflow(progress.touched_ns, kept_ns, &expires_ns)) return INT64_MAX;
  return expires_ns;
}

void encode_part(Encoder& out, const UploadProgress& progress) {
  out.u8(static_cast<std::uint8_t>(progress.stage)).varint(progress.entry);
  out.zigzag(progress.touched_ns).varint(progress.settled_bytes).varint(progress.tail.size());
  for (const UploadPart& part : progress.tail) {
    out.varint(part.size_bytes).u8(static_cast<std::uint8_t>(part.content.kind));
    if (part.content.kind == ContentKind::inline_bytes)
      out.varint(part.content.attachment.entry).varint(part.content.attachment.index);
    else
      out.raw(Bytes(part.content.piece));
  }
  if (progress.stage == UploadStage::receiving) return;
  out.raw(Bytes(progress.sha256));
  encode_checksums(out, progress.checksums);
}

UploadProgress decode_progress_part(Decoder& in) {
  UploadProgress progress;
  const std::uint8_t stage = in.u8();
  if (stage < std::uint8_t(UploadStage::receiving) ||
      stage > std::uint8_t(UploadStage::quarantined))
    in.fail();
  progress.stage = static_cast<UploadStage>(stage);
  progress.entry = in.varint();
  progress.touched_ns = in.zigzag();
  progress.settled_bytes = in.varint();
  if (progress.settled_bytes > kFileBytesMax) in.fail();
  const std::uint64_t parts = in.varint();
  if (parts > kUploadTailPartsMax) in.fail();
  for (std::uint64_t i = 0; in.ok() && i < parts; ++i)
    progress.tail.push_back(decode_upload_piece(in));
  if (progress.stage == UploadStage::receiving) return progress;
  progress.sha256 = decode_array<32>(in);
  progress.checksums = decode_checksums(in);
  return progress;
}

void encode_part(Encoder& out, const UploadRecord& upload) {
  out.bytes(upload.starter).varint(upload.start).bytes(upload.path);
  encode_options(out, upload.options);
  out.zigzag(upload.started_ns).varint(upload.kept_seconds);
  encode_part(out, upload.progress);
}

UploadRecord decode_upload_part(Decoder& in) {
  UploadRecord upload;
  upload.starter = in.bytes();
  upload.start = in.varint();
  upload.path = in.bytes();
  upload.options = decode_options(in);
  upload.started_ns = in.zigzag();
  upload.kept_seconds = in.varint();
  if (upload.kept_seconds > kUploadKeptSecondsMax) in.fail();
  upload.progress = decode_progress_part(in);
  const std::uint64_t received = upload.progress.received_bytes();
  const bool whole = received == upload.size_bytes();
  if (received > upload.size_bytes() || (upload.progress.stage != UploadStage::receiving && !whole))
    in.fail();
  return upload;
}

std::string encode(const UploadRecord& upload) {
  std::string out = begin_record(RecordTag::upload, 256);
  Encoder encoder(out);
  encode_part(encoder, upload);
  return finish_record(std::move(out));
}

Result<UploadRecord> decode_upload(std::string_view bytes) {
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::upload, bytes, "upload"));
  Decoder in(body);
  UploadRecord upload = decode_upload_part(in);
  if (!in.finish()) return corrupt_record("upload");
  return upload;
}

}  // namespace spind::model
