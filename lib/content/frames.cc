#include "content/frames.h"

#include <algorithm>
#include <cstring>

#include "base/codec.h"
#include "base/hash.h"

namespace spind::content {
namespace {

constexpr std::uint32_t kFrameMagic = 0x52465053;  // "SPFR"
constexpr std::uint8_t kVersion = 1;

std::uint32_t frame_count(std::uint64_t piece_bytes) {
  return static_cast<std::uint32_t>((piece_bytes + kFrameBytesMax - 1) / kFrameBytesMax);
}

template <std::size_t kSize>
void copy_array(std::string_view from, std::array<std::uint8_t, kSize>& to) {
  if (from.size() == kSize) std::copy(from.begin(), from.end(), to.begin());
}

}  // namespace

void encode_frame_header(const FrameHeader& header, std::uint8_t* out) {
  std::string bytes;
  bytes.reserve(kFrameHeaderBytes);
  Encoder(bytes)
      .u32(kFrameMagic)
      .u8(kVersion)
      .u8(0)
      .u16(0)
      .u32(header.size_bytes)
      .u32(header.size_bytes)
      .u32(header.position)
      .u32(header.piece_bytes)
      .raw(Bytes(header.vault))
      .raw(Bytes(header.piece))
      .raw(Bytes(header.digest))
      .u32(0);
  seal(bytes);
  std::memcpy(out, bytes.data(), kFrameHeaderBytes);
}

Result<FrameHeader> decode_frame_header(Bytes bytes) {
  const Error broken{Code::corruption, "broken header of a frame"};
  if (bytes.size() < kFrameHeaderBytes) return broken;
  const auto body = unseal(as_text(bytes.first(kFrameHeaderBytes)));
  if (!body) return broken;
  Decoder in(*body);
  if (in.u32() != kFrameMagic) return broken;
  const std::uint8_t version = in.u8();
  const std::uint8_t flags = in.u8();
  if (version != kVersion || flags != 0)
    return Error{Code::unsupported, "a frame of a newer format"};
  const std::uint16_t reserved = in.u16();
  FrameHeader header;
  header.size_bytes = in.u32();
  const std::uint32_t stored_bytes = in.u32();
  header.position = in.u32();
  header.piece_bytes = in.u32();
  copy_array(in.raw(16), header.vault);
  copy_array(in.raw(32), header.piece);
  copy_array(in.raw(16), header.digest);
  const bool sound = reserved == 0 && in.u32() == 0 && in.finish() &&
                     header.piece_bytes <= kPieceBytesMax && stored_bytes == header.size_bytes &&
                     header.position < frame_count(header.piece_bytes) &&
                     header.size_bytes == frame_size(header.piece_bytes, header.position);
  if (!sound) return broken;
  return header;
}

std::uint64_t stored_size(std::uint64_t piece_bytes) {
  return piece_bytes + std::uint64_t{frame_count(piece_bytes)} * kFrameHeaderBytes;
}

std::size_t frame_size(std::uint64_t piece_bytes, std::uint32_t position) {
  const std::uint64_t begin = std::uint64_t{position} * kFrameBytesMax;
  return static_cast<std::size_t>(std::min<std::uint64_t>(kFrameBytesMax, piece_bytes - begin));
}

PieceBuffer::PieceBuffer(std::size_t capacity_bytes)
    : capacity_(capacity_bytes),
      stored_(std::make_unique_for_overwrite<std::uint8_t[]>(
          static_cast<std::size_t>(stored_size(capacity_bytes)))) {}

std::size_t PieceBuffer::append(Bytes bytes) {
  const std::size_t taken = std::min(bytes.size(), capacity_ - size_);
  bytes = bytes.first(taken);
  while (!bytes.empty()) {
    const std::size_t frame = size_ / kFrameBytesMax;
    const std::size_t in_frame = size_ % kFrameBytesMax;
    const std::size_t count = std::min(bytes.size(), kFrameBytesMax - in_frame);
    std::memcpy(stored_.get() + frame * kFrameStride + kFrameHeaderBytes + in_frame, bytes.data(),
                count);
    size_ += count;
    bytes = bytes.subspan(count);
  }
  return taken;
}

void PieceBuffer::take_over(const PieceBuffer& smaller) {
  size_ = smaller.size_;
  std::memcpy(stored_.get(), smaller.stored_.get(), smaller.stored().size());
}

Bytes PieceBuffer::frame_bytes(std::uint32_t position) const {
  return {stored_.get() + position * kFrameStride + kFrameHeaderBytes, frame_size(size_, position)};
}

void PieceBuffer::seal(const model::VaultId& vault, const model::PieceId& piece) {
  FrameHeader header{
      .piece_bytes = static_cast<std::uint32_t>(size_), .vault = vault, .piece = piece};
  for (; header.position < frame_count(size_); ++header.position) {
    const Bytes bytes = frame_bytes(header.position);
    header.size_bytes = static_cast<std::uint32_t>(bytes.size());
    header.digest = xxh3_128(bytes);
    encode_frame_header(header, stored_.get() + header.position * kFrameStride);
  }
}

Bytes PieceBuffer::stored() const {
  return {stored_.get(), static_cast<std::size_t>(stored_size(size_))};
}

}  // namespace spind::content
