#include "content/space_rows.h"

#include "base/sealer.h"
#include "base/try.h"
#include "model/keys.h"
#include "model/records.h"
#include "model/sealed_row.h"

namespace spind::content {

using kv::Family;
using model::VaultId;

namespace {

constexpr std::size_t kSpacesKnownMax = 1024;
constexpr std::string_view kRowsPurpose = "spind rows";

std::span<std::uint8_t> writable_bytes(std::string& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

Result<std::optional<VaultId>> vault_of_payload(const kv::View& rows, const SpaceId& space) {
  const std::string prefix = model::row_prefix(space, model::SpaceRow::payload);
  const auto payloads = rows.scan(Family::journal, prefix, model::end_of(prefix));
  for (; payloads->valid(); payloads->next()) {
    const auto header = model::decode_sealed_row_header(payloads->value());
    if (header.ok()) return std::optional(header->vault);
  }
  SPIND_TRY(payloads->status());
  return std::optional<VaultId>();
}

}  // namespace

Result<std::optional<VaultId>> vault_of_space(const kv::View& rows, const SpaceId& space) {
  SPIND_TRY_ASSIGN(const auto info, rows.get(Family::state, model::info_key(space)));
  if (info)
    if (const auto record = model::decode_space(*info); record.ok())
      return std::optional(model::vault_of(model::vault_name(*record, space)));
  return vault_of_payload(rows, space);
}

// The key of one space's rows: another for each, since a key is good for so many random nonces
// only.
class SpaceKeys final : public kv::RowKeys {
 public:
  static Result<std::shared_ptr<const SpaceKeys>> make(const VaultId& vault, const SpaceId& space,
                                                       KeyringRef keyring, Random& random) {
    auto keys = std::make_shared<SpaceKeys>(vault, std::move(keyring), random);
    SPIND_TRY_ASSIGN(const Bytes record_key, keys->keyring_->record_key());
    hkdf_sha256(record_key, Bytes(space.bytes), kRowsPurpose, keys->key_.writable());
    return std::shared_ptr<const SpaceKeys>(std::move(keys));
  }
  SpaceKeys(const VaultId& vault, KeyringRef keyring, Random& random)
      : vault_(vault), keyring_(std::move(keyring)), random_(random), key_(kKeyBytes) {}

  Result<std::string> seal(Family family, std::string_view key,
                           std::string_view value) const override {
    SPIND_TRY(in_use());
    model::SealedRowHeader header{vault_, {}};
    random_.fill(header.nonce);
    std::string sealed = model::encode(header);
    sealed.resize(model::kSealedRowExtraBytes + value.size());
    const std::string about = model::about_row(static_cast<std::uint8_t>(family), key, vault_);
    Sealer(key_.bytes())
        .seal(header.nonce, as_bytes(about), as_bytes(value),
              writable_bytes(sealed).subspan(model::kSealedRowHeaderBytes));
    return sealed;
  }

  Status open(Family family, std::string_view key, const model::SealedRowHeader& header,
              std::string_view sealed, std::string& plain) const {
    SPIND_TRY(in_use());
    // Another vault's key never opened rows of this space.
    if (header.vault != vault_)
      return Error{.code = Code::corruption, .text = "a row is sealed for another vault"};
    plain.resize(sealed.size() - model::kSealedRowExtraBytes);
    const std::string about = model::about_row(static_cast<std::uint8_t>(family), key, vault_);
    return Sealer(key_.bytes())
        .open(header.nonce, as_bytes(about), as_bytes(sealed.substr(model::kSealedRowHeaderBytes)),
              writable_bytes(plain));
  }

  bool takes_plain() const { return keyring_->takes_plain(); }

  // key_unavailable once the vault was destroyed.
  Status in_use() const {
    const auto record_key = keyring_->record_key();
    return record_key.ok() ? Status() : Status(record_key.error());
  }

 private:
  const VaultId vault_;
  const KeyringRef keyring_;
  Random& random_;
  Secret key_;
};

// Those of a destroyed vault: rows can still be erased, by whoever knows how without reading them.
class GoneKeys final : public kv::RowKeys {
 public:
  Result<std::string> seal(Family, std::string_view, std::string_view) const override {
    return Keyring::destroyed_error();
  }
};

bool SpaceRows::seals(Family, std::string_view key) const { return model::is_sealed_row(key); }

std::string_view SpaceRows::partition_of(std::string_view key) const {
  return key.substr(0, model::space_partition({}).size());
}

Result<kv::RowKeysRef> SpaceRows::keys_of(const kv::View& rows, Rows which,
                                          std::string_view partition) {
  const std::string some_space = model::space_partition({});
  if (partition.size() != some_space.size() || partition[0] != some_space[0])
    return kv::RowKeysRef();
  const SpaceId space = model::space_of(partition);
  if (SpaceKeysRef keys = known(space)) return kv::RowKeysRef(std::move(keys));
  SPIND_TRY_ASSIGN(const auto vault, vault_of_space(rows, space));
  if (!vault) return kv::RowKeysRef();
  Result<SpaceKeysRef> keys = make(*vault, space, Keys::wherever);
  if (keys.code() == Code::key_unavailable) {
    SPIND_TRY_ASSIGN(const bool gone, keys_.is_destroyed(*vault));
    if (gone) return kv::RowKeysRef(std::make_shared<GoneKeys>());
  }
  if (!keys.ok()) return std::move(keys).error();
  if (which == Rows::durable) remember(space, *keys);
  return kv::RowKeysRef(*std::move(keys));
}

Status SpaceRows::open(Family family, std::string_view key, std::string_view sealed, Keys keys,
                       std::string& plain) {
  const SpaceId space = model::space_of(key);
  if (model::is_plain_row(sealed) && keys_.any_encrypting())
    return open_plain(space, sealed, keys, plain);
  SPIND_TRY_ASSIGN(const model::SealedRowHeader header, model::decode_sealed_row_header(sealed));
  if (const SpaceKeysRef found = known(space))
    return found->open(family, key, header, sealed, plain);
  if (keys == Keys::wherever) SPIND_TRY(check_vault(space, header.vault));
  SPIND_TRY_ASSIGN(SpaceKeysRef made, make(header.vault, space, keys));
  Status opened = made->open(family, key, header, sealed, plain);
  // What opens was sealed by this store, so it says truly whose the space is.
  if (opened.ok()) remember(space, std::move(made));
  return opened;
}

// What was stored before the store had keys.
Status SpaceRows::open_plain(const SpaceId& space, std::string_view value, Keys keys,
                             std::string& plain) {
  SPIND_TRY_ASSIGN(const bool taken, takes_plain(space, keys));
  if (!taken) return model::decode_sealed_row_header(value).error();
  plain = value;
  return {};
}

Result<bool> SpaceRows::takes_plain(const SpaceId& space, Keys keys) {
  if (const SpaceKeysRef found = known(space)) return found->takes_plain();
  if (keys == Keys::in_memory)
    return Error{.code = Code::key_unavailable, .text = "the space's keys are not in memory"};
  SPIND_TRY_ASSIGN(const auto vault, vault_of_space(*below_.durable(), space));
  // Nothing says whose they are, and a repair needs them to bring that back.
  if (!vault) return keys_.any_takes_plain();
  SPIND_TRY_ASSIGN(SpaceKeysRef made, make(*vault, space, keys));
  const bool taken = made->takes_plain();
  remember(space, std::move(made));
  return taken;
}

// A bit that flipped in a header is damage, and not a key that cannot be had. Where the space's
// record is gone or damaged itself, or the space is, the header is all there is.
Status SpaceRows::check_vault(const SpaceId& space, const VaultId& vault) {
  SPIND_TRY_ASSIGN(const auto info, below_.durable()->get(Family::state, model::info_key(space)));
  const auto record =
      info ? model::decode_space(*info) : Result<model::SpaceRecord>(Error{Code::not_found, ""});
  if (!record.ok() || model::vault_of(model::vault_name(*record, space)) == vault) return {};
  return Error{.code = Code::corruption, .text = "a row is sealed for another vault"};
}

Result<SpaceRows::SpaceKeysRef> SpaceRows::make(const VaultId& vault, const SpaceId& space,
                                                Keys keys) {
  SPIND_TRY_ASSIGN(KeyringRef keyring,
                   keys == Keys::wherever ? keys_.find_needed(vault) : keys_.find_in_memory(vault));
  return SpaceKeys::make(vault, space, std::move(keyring), random_);
}

SpaceRows::SpaceKeysRef SpaceRows::known(const SpaceId& space) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(space);
  return found == known_.end() ? nullptr : found->second;
}

void SpaceRows::remember(const SpaceId& space, SpaceKeysRef keys) {
  const std::lock_guard lock(mutex_);
  // Which ones go is no matter: the next use derives them again.
  if (known_.size() >= kSpacesKnownMax) known_.clear();
  known_.insert_or_assign(space, std::move(keys));
}

}  // namespace spind::content
