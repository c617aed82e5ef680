// The keys of tenants: each tenant of a store that was made with StoreOptions::keys has a vault of its
// own, whose keys nothing of another tenant is encrypted with; so has each space that was made with
// VaultRule::own. What is told of a tenant does not concern those.
//
//   for (const spind::VaultInfo& vault : store->vaults().value())
//     std::cout << vault.tenant << " " << vault.key_id << "\n";
//   store->destroy_vault("school-12");        // what the school had is gone, in copies too
//
// lib/content/README.md tells what is encrypted, what stays readable, and against whom it helps.
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
};

struct VaultInfo {
  std::string tenant{};  // empty: a crash came before it was noted whose the vault is to be
  std::optional<SpaceId> space{};  // that it is the own one of; none: that of the tenant
  VaultState state = VaultState::in_use;
  std::uint64_t generation = 0;  // of the data key that new content is encrypted with
  // Of the provider's key that the vault's secret is wrapped with. Empty: it was destroyed, or the file
  // of the secret cannot be read.
  std::string key_id{};
};

struct RotateVaultOptions {
  // Wraps the vault's secret with the provider's current key, if that is another one.
  bool wrapping_key = true;
  // Makes a new data key, for content above 16 KiB that is stored from now on. What was stored before
  // stays as it is until Store::reseal_vault.
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

}  // namespace spind
