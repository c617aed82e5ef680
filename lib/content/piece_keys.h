// What the keys of vaults do for pieces: name them, seal them, open them. In a store without keys a
// piece's id is its SHA-256, and nothing is sealed. Pieces of before a store had keys keep that id.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/random.h"
#include "content/cutter.h"
#include "content/frame_sealer.h"
#include "content/vault_keys.h"
#include "spind/types.h"

namespace spind::content {

// All of it answers key_unavailable where a vault's keys cannot be had, whatever the reason: what
// was sealed may well be whole. Thread-safe.
class PieceKeys {
 public:
  // `keys` null: the store has none.
  PieceKeys(VaultKeys* keys, Random& random)
      : keys_(keys != nullptr && keys->encrypts() ? keys : nullptr), random_(random) {}

  // Whether all pieces of the store are sealed, but for those of vaults that are being encrypted;
  // else none is.
  bool seal() const { return keys_ != nullptr; }

  // Makes keys for a vault that is about to be stored to, if it has none.
  Status prepare(const model::VaultId& vault);
  Status at_hand(const model::VaultId& vault);
  Result<bool> is_destroyed(const model::VaultId& vault);
  // Whether frames that are sealed with a data key, or not at all (generation 0), may be what the
  // vault stored.
  Result<bool> takes(const model::VaultId& vault, std::uint32_t generation);
  // Of the vault's newest data key; 0 in a store without keys.
  Result<std::uint32_t> generation(const model::VaultId& vault);

  // The id of the piece with that SHA-256: only who has the vault's keys can tell what it is of.
  Result<model::PieceId> name(const model::VaultId& vault, const Sha256& digest);
  // Whether a piece with that id may have that SHA-256, which is the id of those that were stored
  // before the vault had keys. A sealed one with that id was stored by nobody else than this store.
  Result<bool> fits(const model::VaultId& vault, const model::PieceId& piece, const Sha256& digest);
  // Where the vault's files are cut by their content.
  Result<GearTable> gear(const model::VaultId& vault);
  // For a piece that is about to be stored: under the newest data key, and a salt of its own. None
  // in a store without keys.
  Result<std::optional<FrameSealer>> sealer(const model::VaultId& vault,
                                            const model::PieceId& piece);
  // For the piece of a frame that was read. corruption: sealed with a key that there never was.
  Result<FrameSealer> opener(const FrameHeader& header);

 private:
  Result<KeyringRef> keyring(const model::VaultId& vault);

  VaultKeys* const keys_;
  Random& random_;
};

// Opens the frames that one call reads: the key of their piece is derived once. One thread at a
// time.
class FrameOpener {
 public:
  explicit FrameOpener(PieceKeys& keys) : keys_(keys) {}

  // Opens what is stored of a frame, in place. corruption also where a frame is not sealed and must
  // be, so that nobody passes off bytes of his own.
  Status open(const FrameHeader& header, std::span<std::uint8_t> stored) {
    if (header.generation == 0 && !keys_.seal()) return {};
    return open_sealed(header, stored);
  }

 private:
  Status open_sealed(const FrameHeader& header, std::span<std::uint8_t> stored);

  PieceKeys& keys_;
  std::optional<FrameSealer> sealer_;
};

}  // namespace spind::content
