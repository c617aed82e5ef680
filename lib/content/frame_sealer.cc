#include "content/frame_sealer.h"

#include <cassert>
#include <string>

namespace spind::content {
namespace {

static_assert(sizeof(FrameTag) == kSealTagBytes);

constexpr std::string_view kFramePurpose = "spind frames of a piece";

}  // namespace

FrameSealer::FrameSealer(const DataKey& data_key, const model::VaultId& vault,
                         const model::PieceId& piece, const FrameSalt& salt)
    : generation_(data_key.generation),
      vault_(vault),
      piece_(piece),
      salt_(salt),
      sealer_(derive(data_key, vault, piece, salt)) {
  assert(generation_ != 0);
}

Sealer FrameSealer::derive(const DataKey& data_key, const model::VaultId& vault,
                           const model::PieceId& piece, const FrameSalt& salt) {
  std::string purpose(kFramePurpose);
  purpose.append(as_text(Bytes(vault))).append(as_text(Bytes(piece)));
  BriefKey key;
  hkdf_sha256(data_key.key, salt, purpose, key.writable());
  return Sealer(key);
}

bool FrameSealer::fits(const FrameHeader& header) const {
  return header.generation == generation_ && header.vault == vault_ && header.piece == piece_ &&
         header.salt == salt_;
}

void FrameSealer::seal(FrameHeader& header, std::span<std::uint8_t> bytes) {
  header.generation = generation_;
  header.salt = salt_;
  assert(fits(header));
  sealer_.seal_apart(nonce_of(header.position), as_bytes(sealed_part(header)), bytes, bytes,
                     header.tag);
}

Status FrameSealer::open(const FrameHeader& header, std::span<std::uint8_t> bytes) {
  assert(fits(header));
  return sealer_.open_apart(nonce_of(header.position), as_bytes(sealed_part(header)), bytes,
                            header.tag, bytes);
}

}  // namespace spind::content
