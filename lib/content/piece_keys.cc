#include "content/piece_keys.h"

#include "base/sealer.h"
#include "base/try.h"

namespace spind::content {
namespace {

static_assert(model::kGenerationsMax <= UINT32_MAX, "a frame's header has 32 bits for it");

// Damage of a vault's keys says nothing about its pieces: they are whole once the keys are back.
Error without_keys(Error error) {
  if (error.code == Code::corruption || error.code == Code::unsupported)
    error.code = Code::key_unavailable;
  return error;
}

}  // namespace

Status PieceKeys::prepare(const model::VaultId& vault) {
  if (!seal()) return {};
  const auto made = keys_->find_or_make(vault);
  return made.ok() ? Status() : Status(without_keys(made.error()));
}

Status PieceKeys::at_hand(const model::VaultId& vault) {
  if (!seal()) return {};
  const auto found = keyring(vault);
  return found.ok() ? Status() : Status(found.error());
}

Result<bool> PieceKeys::is_destroyed(const model::VaultId& vault) {
  return seal() ? keys_->is_destroyed(vault) : Result<bool>(false);
}

Result<bool> PieceKeys::takes(const model::VaultId& vault, std::uint32_t generation) {
  if (generation != 0 || !seal()) return (generation != 0) == seal();
  SPIND_TRY_ASSIGN(const KeyringRef found, keyring(vault));
  return found->takes_plain();
}

Result<std::uint32_t> PieceKeys::generation(const model::VaultId& vault) {
  if (!seal()) return std::uint32_t{0};
  SPIND_TRY_ASSIGN(const KeyringRef found, keyring(vault));
  return static_cast<std::uint32_t>(found->generation());
}

// A store with keys has no plain vault: one without a row of keys has lost it.
Result<KeyringRef> PieceKeys::keyring(const model::VaultId& vault) {
  Result<KeyringRef> found = keys_->find(vault);
  if (!found.ok()) return without_keys(std::move(found).error());
  if (*found == nullptr)
    return Error{.code = Code::key_unavailable,
                 .text =
                     "the row with the vault's keys is missing; bring it back from a copy of "
                     "the store"};
  return found;
}

Result<model::PieceId> PieceKeys::name(const model::VaultId& vault, const Sha256& digest) {
  if (!seal()) return digest;
  SPIND_TRY_ASSIGN(const KeyringRef keyring, this->keyring(vault));
  SPIND_TRY_ASSIGN(const Bytes key, keyring->id_key());
  model::PieceId id{};
  hmac_sha256(key, digest, id);
  return id;
}

Result<bool> PieceKeys::fits(const model::VaultId& vault, const model::PieceId& piece,
                             const Sha256& digest) {
  SPIND_TRY_ASSIGN(const model::PieceId name, this->name(vault, digest));
  return piece == name || piece == digest;
}

Result<GearTable> PieceKeys::gear(const model::VaultId& vault) {
  if (!seal()) return gear_table({});
  SPIND_TRY_ASSIGN(const KeyringRef keyring, this->keyring(vault));
  SPIND_TRY_ASSIGN(const Bytes key, keyring->id_key());
  return gear_table(key);
}

Result<std::optional<FrameSealer>> PieceKeys::sealer(const model::VaultId& vault,
                                                     const model::PieceId& piece) {
  if (!seal()) return std::optional<FrameSealer>();
  SPIND_TRY_ASSIGN(const KeyringRef keyring, this->keyring(vault));
  const std::uint64_t generation = keyring->generation();
  SPIND_TRY_ASSIGN(const Bytes key, keyring->data_key(generation));
  FrameSalt salt{};
  random_.fill(salt);
  const DataKey data_key{static_cast<std::uint32_t>(generation), key};
  return std::optional<FrameSealer>(std::in_place, data_key, vault, piece, salt);
}

// The keys are asked for after the frame was read, so they are never older than what sealed it.
Result<FrameSealer> PieceKeys::opener(const FrameHeader& header) {
  SPIND_TRY_ASSIGN(const KeyringRef keyring, this->keyring(header.vault));
  SPIND_TRY_ASSIGN(const Bytes key, keyring->data_key(header.generation));
  return FrameSealer({header.generation, key}, header.vault, header.piece, header.salt);
}

Status FrameOpener::open_sealed(const FrameHeader& header, std::span<std::uint8_t> stored) {
  if (header.generation == 0) {
    SPIND_TRY_ASSIGN(const bool taken, keys_.takes(header.vault, 0));
    if (taken) return {};
    return Error{.code = Code::corruption, .text = "a frame is not sealed, and must be"};
  }
  if (!keys_.seal())
    return Error{.code = Code::corruption, .text = "a frame is sealed, and the store has no keys"};
  if (!sealer_ || !sealer_->fits(header)) {
    SPIND_TRY_ASSIGN(FrameSealer found, keys_.opener(header));
    sealer_.emplace(std::move(found));
  }
  return sealer_->open(header, stored);
}

}  // namespace spind::content
