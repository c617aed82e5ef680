#include "content/frames.h"

#include <algorithm>
#include <cstring>

#include "base/codec.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/sha256_parts.h"
#include "base/try.h"
#include "content/frame_sealer.h"

namespace spind::content {
namespace {

constexpr std::uint32_t kFrameMagic = 0x52465053;  // "SPFR"
constexpr std::uint8_t kZstdFlag = 1, kSealedFlag = 2;

// From the beginning of a frame that is being gathered to that of the next.
constexpr std::size_t kFrameStride = kFrameHeaderBytes + kFrameBytesMax;

template <std::size_t kSize>
void copy_array(std::string_view from, std::array<std::uint8_t, kSize>& to) {
  if (from.size() == kSize) std::copy(from.begin(), from.end(), to.begin());
}

template <std::size_t kSize>
bool all_zero(const std::array<std::uint8_t, kSize>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::uint64_t all_frames(std::uint64_t piece_bytes, std::size_t header_bytes) {
  return piece_bytes + std::uint64_t{frame_count(piece_bytes)} * header_bytes;
}

std::uint8_t flags_of(const FrameHeader& header) {
  return static_cast<std::uint8_t>((header.compressed ? kZstdFlag : 0) |
                                   (header.generation != 0 ? kSealedFlag : 0));
}

// What both formats begin with, but for the digest.
void encode_common(Encoder& out, const FrameHeader& header) {
  out.u32(kFrameMagic)
      .u8(header.format)
      .u8(flags_of(header))
      .u16(0)
      .u32(header.size_bytes)
      .u32(header.stored_bytes)
      .u32(header.position)
      .u32(header.piece_bytes)
      .raw(Bytes(header.vault))
      .raw(Bytes(header.piece));
}

// The numbers of one frame. How long it and its piece can be follows from the limits, so nobody who
// believes them takes too much memory, or leaves the blob.
bool is_sound(const FrameHeader& header) {
  if (header.piece_bytes > kPieceBytesMax || header.position >= frame_count(header.piece_bytes) ||
      header.size_bytes != frame_size(header.piece_bytes, header.position))
    return false;
  const bool shorter = header.stored_bytes < header.size_bytes;
  if (header.stored_bytes == 0 || header.stored_bytes > header.size_bytes ||
      shorter != header.compressed)
    return false;
  const std::uint64_t least =
      std::uint64_t{frame_count(header.piece_bytes)} * (header.header_bytes() + 1) +
      header.stored_bytes - 1;
  return header.piece_stored_bytes >= least &&
         header.piece_stored_bytes <= all_frames(header.piece_bytes, header.header_bytes());
}

// Whether it says how it is sealed just if it is.
bool is_sound_seal(const FrameHeader& header, std::uint8_t flags) {
  const bool sealed = (flags & kSealedFlag) != 0;
  return sealed == (header.generation != 0) &&
         (sealed || (all_zero(header.salt) && all_zero(header.tag)));
}

}  // namespace

void encode_frame_header(const FrameHeader& header, std::uint8_t* out) {
  std::string bytes;
  bytes.reserve(kFrameHeaderBytes);
  Encoder encoder(bytes);
  encode_common(encoder, header);
  encoder.raw(Bytes(header.digest));
  if (header.format == kFrameFormat)
    encoder.u32(header.generation)
        .u32(header.piece_stored_bytes)
        .raw(Bytes(header.salt))
        .raw(Bytes(header.tag));
  else
    encoder.u32(0);
  seal(bytes);
  std::memcpy(out, bytes.data(), header.header_bytes());
}

std::string sealed_part(const FrameHeader& header) {
  std::string bytes;
  Encoder encoder(bytes);
  encode_common(encoder, header);
  encoder.u32(header.generation).u32(header.piece_stored_bytes).raw(Bytes(header.salt));
  return bytes;
}

Result<FrameHeader> decode_frame_header(Bytes bytes) {
  const Error broken{Code::corruption, "broken header of a frame"};
  constexpr std::size_t kVersionAt = 4;
  FrameHeader header;
  if (bytes.size() < kFrameHeaderBytes1) return broken;
  const bool first_format = bytes[kVersionAt] == 1;
  const std::size_t header_bytes = first_format ? kFrameHeaderBytes1 : kFrameHeaderBytes;
  if (bytes.size() < header_bytes) return broken;
  const auto body = unseal(as_text(bytes.first(header_bytes)));
  if (!body) return broken;
  Decoder in(*body);
  if (in.u32() != kFrameMagic) return broken;
  header.format = in.u8();
  const std::uint8_t flags = in.u8();
  const std::uint8_t known = first_format ? 0 : kZstdFlag | kSealedFlag;
  if (header.format > kFrameFormat || header.format == 0 || (flags & ~known) != 0)
    return Error{Code::unsupported, "a frame of a newer format"};
  const std::uint16_t reserved = in.u16();
  header.compressed = (flags & kZstdFlag) != 0;
  header.size_bytes = in.u32();
  header.stored_bytes = in.u32();
  header.position = in.u32();
  header.piece_bytes = in.u32();
  copy_array(in.raw(16), header.vault);
  copy_array(in.raw(32), header.piece);
  copy_array(in.raw(16), header.digest);
  header.generation = in.u32();
  if (first_format) {
    if (header.generation != 0 || header.piece_bytes > kPieceBytesMax) return broken;
    header.piece_stored_bytes =
        static_cast<std::uint32_t>(all_frames(header.piece_bytes, kFrameHeaderBytes1));
  } else {
    header.piece_stored_bytes = in.u32();
    copy_array(in.raw(12), header.salt);
    copy_array(in.raw(16), header.tag);
  }
  if (reserved != 0 || !in.finish() || !is_sound(header) || !is_sound_seal(header, flags))
    return broken;
  return header;
}

std::uint32_t frame_count(std::uint64_t piece_bytes) {
  return static_cast<std::uint32_t>((piece_bytes + kFrameBytesMax - 1) / kFrameBytesMax);
}

std::uint64_t stored_size(std::uint64_t piece_bytes) {
  return all_frames(piece_bytes, kFrameHeaderBytes);
}

std::size_t frame_size(std::uint64_t piece_bytes, std::uint32_t position) {
  const std::uint64_t begin = std::uint64_t{position} * kFrameBytesMax;
  return static_cast<std::size_t>(std::min<std::uint64_t>(kFrameBytesMax, piece_bytes - begin));
}

Result<FrameLayout> FrameLayout::of(const model::PieceRow& row) {
  FrameLayout layout;
  layout.piece_bytes_ = row.size_bytes;
  layout.generation_ = row.generation;
  const std::uint32_t count = frame_count(row.size_bytes);
  layout.stored_bytes_ = row.frame_bytes;
  if (row.frame_bytes.empty()) {
    layout.header_bytes_ = kFrameHeaderBytes1;
    for (std::uint32_t i = 0; i < count; ++i)
      layout.stored_bytes_.push_back(static_cast<std::uint32_t>(frame_size(row.size_bytes, i)));
  }
  bool sound = layout.stored_bytes_.size() == count && layout.size() == row.stored_bytes;
  for (std::uint32_t i = 0; sound && i < count; ++i)
    sound = layout.stored_bytes_[i] <= frame_size(row.size_bytes, i);
  if (!sound) return Error{Code::corruption, "a piece is not as long as its frames"};
  return layout;
}

std::uint64_t FrameLayout::begin(std::uint32_t position) const {
  std::uint64_t offset = std::uint64_t{position} * header_bytes_;
  for (std::uint32_t i = 0; i < position; ++i) offset += stored_bytes_[i];
  return offset;
}

bool FrameLayout::agrees(const FrameHeader& header, std::uint32_t position) const {
  return position < count() && header.position == position &&
         header.header_bytes() == header_bytes_ && header.piece_bytes == piece_bytes_ &&
         header.generation == generation_ && header.piece_stored_bytes == size() &&
         header.stored_bytes == stored_bytes(position);
}

Result<FrameHeader> FrameLayout::verify(const model::VaultId& vault, const model::PieceId& piece,
                                        std::uint32_t position, Bytes header_bytes,
                                        Bytes stored) const {
  auto header = decode_frame_header(header_bytes);
  if (header.code() == Code::unsupported) return header;
  if (!header.ok()) return damaged("the header of a frame is damaged", piece);
  if (header->piece != piece || header->vault != vault || !agrees(*header, position))
    return damaged("another frame is where a piece's should be", piece);
  if (xxh3_128(stored) != header->digest) return damaged("the bytes of a frame are damaged", piece);
  return header;
}

Error damaged(std::string_view what, const model::PieceId& piece) {
  return {Code::corruption, std::string(what), "piece " + to_hex(Bytes(piece))};
}

PieceBuffer::PieceBuffer(std::size_t capacity_bytes)
    : capacity_(capacity_bytes),
      stored_(std::make_unique_for_overwrite<std::uint8_t[]>(
          static_cast<std::size_t>(stored_size(capacity_bytes)))) {}

std::size_t PieceBuffer::append(Bytes bytes) {
  const std::size_t taken = std::min(bytes.size(), capacity_ - size_);
  bytes = bytes.first(taken);
  while (!bytes.empty()) {
    const std::span<std::uint8_t> rest = place();
    const std::size_t count = std::min(bytes.size(), rest.size());
    std::memcpy(rest.data(), bytes.data(), count);
    filled(count);
    bytes = bytes.subspan(count);
  }
  return taken;
}

std::span<std::uint8_t> PieceBuffer::place() {
  const std::size_t in_frame = size_ % kFrameBytesMax;
  return {stored_.get() + size_ / kFrameBytesMax * kFrameStride + kFrameHeaderBytes + in_frame,
          std::min(kFrameBytesMax - in_frame, capacity_ - size_)};
}

void PieceBuffer::take_over(const PieceBuffer& smaller) {
  size_ = smaller.size_;
  std::memcpy(stored_.get(), smaller.stored_.get(),
              static_cast<std::size_t>(stored_size(smaller.size_)));
}

Sha256 PieceBuffer::digest() const {
  Sha256Parts whole;
  for (std::uint32_t i = 0; i < frame_count(size_); ++i)
    whole.update({stored_.get() + i * kFrameStride + kFrameHeaderBytes, frame_size(size_, i)});
  return whole.finish_whole();
}

// Frames that became shorter let those behind them move up, never beyond where they were gathered.
void PieceBuffer::shrink_frames(FrameCodec* codec) {
  frame_bytes_.assign(frame_count(size_), 0);
  std::uint8_t* to = stored_.get();
  for (std::uint32_t i = 0; i < frame_bytes_.size(); ++i) {
    const Bytes bytes{stored_.get() + i * kFrameStride + kFrameHeaderBytes, frame_size(size_, i)};
    to += kFrameHeaderBytes;
    std::size_t kept = codec != nullptr ? codec->shrink(bytes, to) : 0;
    if (kept == 0) {
      kept = bytes.size();
      if (to != bytes.data()) std::memmove(to, bytes.data(), kept);
    }
    frame_bytes_[i] = static_cast<std::uint32_t>(kept);
    to += kept;
  }
  sealed_size_ = static_cast<std::size_t>(to - stored_.get());
}

// All sizes are known before the first header is made, since each tells the size of all.
void PieceBuffer::seal(const model::VaultId& vault, const model::PieceId& piece, FrameCodec* codec,
                       FrameSealer* sealer) {
  shrink_frames(codec);
  generation_ = sealer != nullptr ? sealer->generation() : 0;
  FrameHeader header{.piece_bytes = static_cast<std::uint32_t>(size_),
                     .piece_stored_bytes = static_cast<std::uint32_t>(sealed_size_),
                     .vault = vault,
                     .piece = piece};
  std::uint8_t* at = stored_.get();
  for (; header.position < frame_bytes_.size(); ++header.position) {
    header.size_bytes = static_cast<std::uint32_t>(frame_size(size_, header.position));
    header.stored_bytes = frame_bytes_[header.position];
    header.compressed = header.stored_bytes < header.size_bytes;
    const std::span<std::uint8_t> bytes(at + kFrameHeaderBytes, header.stored_bytes);
    if (sealer != nullptr) sealer->seal(header, bytes);
    header.digest = xxh3_128(bytes);
    encode_frame_header(header, at);
    at += kFrameHeaderBytes + header.stored_bytes;
  }
}

}  // namespace spind::content
