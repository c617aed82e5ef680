// What is stored of a piece: a row of frames of at most 256 KiB, each with a header that says whose
// bytes these are and how to tell that they are whole. So a small read fetches and verifies little,
// and a blob or a pack explains itself without any other record.
//
// A header, 96 bytes, little-endian:
//    0 magic "SPFR"          12 stored size                  40 piece id (32)
//    4 version, 1            16 position in the piece        72 XXH3-128 of the stored bytes (16)
//    5 flags, 0              20 size of the piece            88 reserved, 0
//    6 reserved, 0           24 vault id (16)                92 low 32 bits of XXH3-64 of 0 – 91
//    8 size of the bytes
//
// All frames of a piece but the last hold kFrameBytesMax bytes, and stored bytes are the bytes
// themselves; any flag would say otherwise and is refused.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/limits.h"
#include "model/vault_rows.h"

namespace spind::content {

inline constexpr std::size_t kFrameHeaderBytes = 96;
// From the beginning of a frame to that of the next.
inline constexpr std::size_t kFrameStride = kFrameHeaderBytes + kFrameBytesMax;

struct FrameHeader {
  std::uint32_t size_bytes = 0;
  std::uint32_t position = 0;
  std::uint32_t piece_bytes = 0;
  model::VaultId vault{};
  model::PieceId piece{};
  std::array<std::uint8_t, 16> digest{};
  bool operator==(const FrameHeader&) const = default;
};

void encode_frame_header(const FrameHeader& header, std::uint8_t* out);
// Of the first kFrameHeaderBytes bytes. corruption, or unsupported for a later format.
Result<FrameHeader> decode_frame_header(Bytes bytes);

// The size of all frames of a piece, and of the bytes in one of them.
std::uint64_t stored_size(std::uint64_t piece_bytes);
std::size_t frame_size(std::uint64_t piece_bytes, std::uint32_t position);

// A piece that is being gathered, laid out as it will be stored. One thread at a time.
class PieceBuffer {
 public:
  explicit PieceBuffer(std::size_t capacity_bytes);

  // Copies as much of `bytes` as still fits and says how much that was.
  std::size_t append(Bytes bytes);
  // Takes over what a smaller buffer has gathered.
  void take_over(const PieceBuffer& smaller);
  void clear() { size_ = 0; }

  std::size_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }
  std::size_t capacity() const { return capacity_; }

  // Fills in the headers; then stored() is what is to be stored.
  void seal(const model::VaultId& vault, const model::PieceId& piece);
  Bytes stored() const;

 private:
  Bytes frame_bytes(std::uint32_t position) const;

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::unique_ptr<std::uint8_t[]> stored_;
};

}  // namespace spind::content
