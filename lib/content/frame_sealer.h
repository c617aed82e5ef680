// Seals the frames of one piece, as it is stored once, and opens them.
#pragma once

#include <cstdint>
#include <span>

#include "base/sealer.h"
#include "base/secret.h"
#include "content/frames.h"
#include "spind/result.h"

namespace spind::content {

// The data key of a vault that new pieces are sealed with, and its generation, which is not 0.
// Borrowed.
struct DataKey {
  std::uint32_t generation = 0;
  Bytes key;  // kKeyBytes
};

// A piece is sealed under a key of its own, derived from the data key, the vault, the piece's id
// and a salt that is random each time that the piece is stored; a frame's nonce is its position.
// README.md says why no nonce comes twice under a key. One thread at a time.
class FrameSealer {
 public:
  // For pieces with that salt: a new one to seal, that of a header to open.
  FrameSealer(const DataKey& data_key, const model::VaultId& vault, const model::PieceId& piece,
              const FrameSalt& salt);

  std::uint32_t generation() const { return generation_; }
  // Whether it is the key of that frame's piece.
  bool fits(const FrameHeader& header) const;

  // Seals `bytes` in place, and completes the header, whose sizes, position and piece are there.
  void seal(FrameHeader& header, std::span<std::uint8_t> bytes);
  // Opens `bytes` in place. corruption, with zeros there, if anything that the header says, or a
  // byte, is not what was sealed, or the key is another.
  Status open(const FrameHeader& header, std::span<std::uint8_t> bytes);

 private:
  static Sealer derive(const DataKey& data_key, const model::VaultId& vault,
                       const model::PieceId& piece, const FrameSalt& salt);

  const std::uint32_t generation_;
  const model::VaultId vault_;
  const model::PieceId piece_;
  const FrameSalt salt_;
  Sealer sealer_;
};

}  // namespace spind::content
