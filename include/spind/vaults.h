// The keys of tenants: each tenant of a store that was made with StoreOptions::keys has a vault of
// its own, whose keys nothing of another tenant is encrypted with; so has each space that was made
// with VaultRule::own. What is told of a tenant does not concern those.
//
//   for (const spind::VaultInfo& vault : store->vaults().value())
//     std::cout << vault.tenant << " " << vault.key_id << "\n";
//   store->destroy_vault("school-12");        // what the school had is gone: see there for copies
//
// lib/content/README.md tells what is encrypted, what stays readable, and against whom it helps.
//
// A store that was made without keys is encrypted once it is opened with keys and
// StoreOptions::encrypt_existing: what comes from then on at once, what is there by encrypt_vault.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "spind/types.h"
#include "spind/upkeep.h"

namespace spind {

enum class VaultState : std::uint8_t {
  in_use = 1,
  destroyed = 2,  // for ever; its spaces go with the next collection
  // In use: what comes is encrypted, and what the store had before it had keys may be plain still,
  // until Store::encrypt_vault has ended.
  encrypting = 3,
};

struct VaultInfo {
  std::string tenant{};  // empty: a crash came before it was noted whose the vault is to be
  std::optional<SpaceId> space{};  // that it is the own one of; none: that of the tenant
  VaultState state = VaultState::in_use;
  std::uint64_t generation = 0;  // of the data key that new content is encrypted with
  // Of the provider's key that the vault's secret is wrapped with. Empty: it was destroyed, or the
  // file of the secret cannot be read.
  std::string key_id{};
};

struct RotateVaultOptions {
  // Wraps the vault's secret with the provider's current key, if that is another one.
  bool wrapping_key = true;
  // Makes a new data key, for content above 16 KiB that is stored from now on. What was stored
  // before stays as it is until Store::reseal_vault.
  bool data_key = false;
};

struct ResealOptions {
  std::uint64_t rate_bytes = 0;  // so many a second are stored anew; 0: no limit
  ProgressCallback progress{};   // done and total in pieces
  std::optional<CancelToken> cancel{};
};

struct ResealReport {
  std::uint64_t pieces = 0, bytes = 0;  // encrypted anew, and what is stored of them
  // Still under an earlier key: damaged ones, which check names, and those that changed meanwhile.
  std::uint64_t pieces_left = 0;
};

struct EncryptOptions {
  std::uint64_t rate_bytes = 0;  // so many bytes of pieces a second are stored anew; 0: no limit
  // First of pieces, done and total; then of rows, whose total is not known and 0.
  ProgressCallback progress{};
  std::optional<CancelToken> cancel{};
};

struct EncryptReport {
  bool finished = false;  // nothing plain is left in use, and nothing plain is taken any more
  std::uint64_t pieces = 0, bytes = 0;  // encrypted by this call, and what is stored of them
  std::uint64_t rows = 0;
  // Still plain, so that it has not finished: what is damaged, which `check` names and repairs, and
  // what changed meanwhile.
  std::uint64_t pieces_left = 0, rows_left = 0;
};

}  // namespace spind
