// Seals what the rows of spaces hold, with the keys of their vaults. README.md tells how, and
// model/sealed_row.h which rows.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/hash.h"
#include "content/vault_keys.h"
#include "kv/row_sealer.h"

namespace spind::content {

class SpaceKeys;

// Thread-safe. What it names must outlive it.
class SpaceRows final : public kv::RowSealer {
 public:
  // `below` is the store whose rows are sealed.
  SpaceRows(kv::Store& below, VaultKeys& keys, Random& random)
      : below_(below), keys_(keys), random_(random) {}

  bool seals(kv::Family family, std::string_view key) const override;
  std::string_view partition_of(std::string_view key) const override;
  Result<kv::RowKeysRef> keys_of(const kv::View& rows, Rows which,
                                 std::string_view partition) override;
  Status open(kv::Family family, std::string_view key, std::string_view sealed, Keys keys,
              std::string& plain) override;

 private:
  using SpaceKeysRef = std::shared_ptr<const SpaceKeys>;

  Result<SpaceKeysRef> make(const model::VaultId& vault, const SpaceId& space, Keys keys);
  Status check_vault(const SpaceId& space, const model::VaultId& vault);
  SpaceKeysRef known(const SpaceId& space);
  void remember(const SpaceId& space, SpaceKeysRef keys);

  struct SpaceHash {
    std::size_t operator()(const SpaceId& space) const { return xxh3_64(Bytes(space.bytes)); }
  };
  kv::Store& below_;
  VaultKeys& keys_;
  Random& random_;
  std::mutex mutex_;
  std::unordered_map<SpaceId, SpaceKeysRef, SpaceHash> known_;  // at most kSpacesKnownMax
};

}  // namespace spind::content
