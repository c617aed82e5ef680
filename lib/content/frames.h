// What is stored of a piece: a row of frames of at most 256 KiB of it, each with a header that says
// whose bytes these are and how to tell that they are whole. So a small read fetches and verifies
// little, and a blob or a pack explains itself without any other record.
//
// A header of format 2, 128 bytes, little-endian:
//    0 magic "SPFR"                   24 vault id (16)
//    4 version, 2                     40 piece id (32)
//    5 flags: 1 zstd, 2 sealed        72 XXH3-128 of the stored bytes (16)
//    6 reserved, 0                    88 generation of the vault's data key, 0 where not sealed
//    8 size of the frame's bytes      92 size of all frames of the piece, headers included
//   12 size of what is stored of it   96 salt of the key (12), 0 where not sealed
//   16 position in the piece         108 tag (16), 0 where not sealed
//   20 size of the piece             124 low 32 bits of XXH3-64 of 0 – 123
//
// All frames of a piece but the last hold kFrameBytesMax bytes of it. What is stored of a frame is
// never longer than the frame, and shorter only if it is compressed. Where each frame of a piece
// begins its row says (model::PieceRow). Nothing that an earlier or a later header says is needed
// to read a frame. FrameSealer tells how sealed ones are sealed.
//
// Format 1, which is still read: 96 bytes, the first 88 as above without flags, then 4 reserved, 0,
// and the checksum. What is stored are the bytes themselves.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "content/frame_codec.h"
#include "model/vault_rows.h"

namespace spind::content {

class FrameSealer;

inline constexpr std::uint8_t kFrameFormat = 2;
inline constexpr std::size_t kFrameHeaderBytes = 128;  // the longest of any format
inline constexpr std::size_t kFrameHeaderBytes1 = 96;  // of format 1

using FrameSalt = std::array<std::uint8_t, 12>;
using FrameTag = std::array<std::uint8_t, 16>;

struct FrameHeader {
  std::uint8_t format = kFrameFormat;
  bool compressed = false;
  std::uint32_t size_bytes = 0;
  std::uint32_t stored_bytes = 0;
  std::uint32_t position = 0;
  std::uint32_t piece_bytes = 0;
  std::uint32_t piece_stored_bytes = 0;  // of all frames, with their headers
  model::VaultId vault{};
  model::PieceId piece{};
  std::array<std::uint8_t, 16> digest{};
  std::uint32_t generation = 0;  // not 0: sealed
  FrameSalt salt{};
  FrameTag tag{};
  bool operator==(const FrameHeader&) const = default;

  std::size_t header_bytes() const {
    return format == kFrameFormat ? kFrameHeaderBytes : kFrameHeaderBytes1;
  }
};

// As long as header_bytes() says.
void encode_frame_header(const FrameHeader& header, std::uint8_t* out);
// Of bytes that begin with a header, of which kFrameHeaderBytes are enough. corruption, or
// unsupported for a later format.
Result<FrameHeader> decode_frame_header(Bytes bytes);

// What a sealed frame is bound to: all that its header says but for the tag, and what is made of
// the sealed bytes.
std::string sealed_part(const FrameHeader& header);

// How many frames a piece has, and how many of its bytes are in one of them.
std::uint32_t frame_count(std::uint64_t piece_bytes);
std::size_t frame_size(std::uint64_t piece_bytes, std::uint32_t position);
// The size of all frames of a piece of which nothing is compressed: the most that is stored of it.
std::uint64_t stored_size(std::uint64_t piece_bytes);

// Where the frames of a piece lie, as its row says.
class FrameLayout {
 public:
  // corruption: the row contradicts itself.
  static Result<FrameLayout> of(const model::PieceRow& row);

  std::uint32_t count() const { return static_cast<std::uint32_t>(stored_bytes_.size()); }
  std::size_t header_bytes() const { return header_bytes_; }
  std::uint64_t size() const { return begin(count()); }
  // From the beginning of the first header to that of this one.
  std::uint64_t begin(std::uint32_t position) const;
  // Behind its header.
  std::uint32_t stored_bytes(std::uint32_t position) const { return stored_bytes_[position]; }
  // Whether a header that was found at that position tells the same.
  bool agrees(const FrameHeader& header, std::uint32_t position) const;
  // The header of a frame that was read there, if it is that piece's, and what is stored of it is
  // whole. corruption, or unsupported for a later format.
  Result<FrameHeader> verify(const model::VaultId& vault, const model::PieceId& piece,
                             std::uint32_t position, Bytes header_bytes, Bytes stored) const;

 private:
  std::size_t header_bytes_ = kFrameHeaderBytes;
  std::uint64_t piece_bytes_ = 0;
  std::uint32_t generation_ = 0;
  std::vector<std::uint32_t> stored_bytes_;
};

// What is wrong with a piece.
Error damaged(std::string_view what, const model::PieceId& piece);

// A piece that is being gathered, laid out as it will be stored. One thread at a time.
class PieceBuffer {
 public:
  explicit PieceBuffer(std::size_t capacity_bytes);

  // Copies as much of `bytes` as still fits and says how much that was.
  std::size_t append(Bytes bytes);
  // The rest of the frame that is being gathered, to be filled from its beginning; filled() tells
  // of how much was.
  std::span<std::uint8_t> place();
  void filled(std::size_t bytes) { size_ += bytes; }
  // Takes over what a smaller buffer has gathered.
  void take_over(const PieceBuffer& smaller);
  void clear() { size_ = 0; }
  // Of what was gathered, and not made frames of yet.
  Sha256 digest() const;

  std::size_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }
  std::size_t capacity() const { return capacity_; }

  // Makes frames of what was gathered, compressed if there is a codec and it is worth it, then
  // sealed if there is a sealer, which is for this piece. Then stored() is what is to be stored and
  // row_at() what its row says, until the buffer is cleared.
  void seal(const model::VaultId& vault, const model::PieceId& piece, FrameCodec* codec,
            FrameSealer* sealer = nullptr);
  Bytes stored() const { return {stored_.get(), sealed_size_}; }
  model::PieceRow row_at(const model::BlobPlace& place) const {
    return {place, size_, sealed_size_, frame_bytes_, generation_};
  }

 private:
  void shrink_frames(FrameCodec* codec);

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::unique_ptr<std::uint8_t[]> stored_;
  std::size_t sealed_size_ = 0;
  std::uint32_t generation_ = 0;            // of the key that it was sealed with
  std::vector<std::uint32_t> frame_bytes_;  // that are stored of each
};

}  // namespace spind::content
