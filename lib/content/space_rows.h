// Seals what the rows of spaces hold, with the keys of their vaults. README.md tells how, and
// model/sealed_row.h which rows.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/hash.h"
#include "content/vault_keys.h"
#include "kv/row_sealer.h"

namespace spind::content {

class SpaceKeys;

// The vault of a space, as its record says, or where a repair has yet to bring that back, its
// journal; none: that is plain. `rows` as they lie below what is sealed.
Result<std::optional<model::VaultId>> vault_of_space(const kv::View& rows, const SpaceId& space);

// Thread-safe. What it names must outlive it.
class SpaceRows final : public kv::RowSealer {
 public:
  // `below` is the store whose rows are sealed.
  SpaceRows(kv::Store& below, VaultKeys& keys, Random& random)
      : below_(below), keys_(keys), random_(random) {}

  kv::Store& below() { return below_; }

  bool seals(kv::Family family, std::string_view key) const override;
  std::string_view partition_of(std::string_view key) const override;
  Result<kv::RowKeysRef> keys_of(const kv::View& rows, Rows which,
                                 std::string_view partition) override;
  Status open(kv::Family family, std::string_view key, std::string_view sealed, Keys keys,
              std::string& plain) override;

 private:
  using SpaceKeysRef = std::shared_ptr<const SpaceKeys>;

  Status open_plain(const SpaceId& space, std::string_view value, Keys keys, std::string& plain);
  Result<bool> takes_plain(const SpaceId& space, Keys keys);
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
