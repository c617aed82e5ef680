// The keys of a store: found when it opens, listed, changed and destroyed.
#include "base/try.h"
#include "content/vault_encrypter.h"
#include "engine/engine.h"

namespace spind::engine {

using content::VaultKeys;

namespace {

Error no_vault(std::string text) { return {.code = Code::not_found, .text = std::move(text)}; }

VaultState state_of(const VaultKeys::Listed& vault) {
  switch (vault.state) {
    case model::VaultKeysRow::State::in_use: return VaultState::in_use;
    case model::VaultKeysRow::State::encrypting: return VaultState::encrypting;
    case model::VaultKeysRow::State::destroyed: break;
  }
  return VaultState::destroyed;
}

}  // namespace

// Before the store gets keys. Where it has some and only its FORMAT does not say so yet, it was
// about to keep their secrets in its own folder.
Status Engine::note_secrets_chosen() {
  SPIND_TRY_ASSIGN(const bool has_keys, VaultKeys::are_there(*kv_->durable()));
  if (!has_keys) return note_secrets(files_, folder_);
  return Error{.code = Code::invalid_argument,
               .text =
                   "the secrets of the store's vaults lie in its own folder, and stay there; leave "
                   "StoreOptions::vault_secrets empty",
               .path = folder_.format.secrets};
}

// From here on rows are sealed, where the store has keys. Those of vaults are never sealed
// themselves.
Status Engine::open_keys(const StoreOptions& options, bool in_memory) {
  if (folder_.secrets_chosen) SPIND_TRY(note_secrets_chosen());
  SPIND_TRY_ASSIGN(
      keys_, VaultKeys::open({.kv = kv_.get(),
                              .files = &files_,
                              .folder = folder_.vaults,
                              .folder_is_shared = !folder_.format.secrets.empty(),
                              .provider = options.keys,
                              .random = &Random::system(),
                              .store_is_new = in_memory || folder_.is_new,
                              // Where FORMAT says that it has keys, it lost rows.
                              .encrypt_existing = options.encrypt_existing && !folder_.is_sealed &&
                                                  !opened_read_only_}));
  if (!keys_->encrypts() && folder_.is_sealed)
    return Error{.code = Code::key_unavailable,
                 .text =
                     "FORMAT says that the store is encrypted, but the row that shows its keys is "
                     "missing; bring both back from one copy of the store"};
  if (!keys_->encrypts()) {
    keys_.reset();
    return {};
  }
  space_rows_ = std::make_unique<content::SpaceRows>(*kv_, *keys_, Random::system());
  opening_observer_->open_with(*space_rows_);
  kv_ = kv::seal_rows(std::move(kv_), *space_rows_);
  return {};
}

Result<std::vector<VaultInfo>> Engine::vaults() {
  std::vector<VaultInfo> vaults;
  if (keys_ == nullptr) return vaults;
  SPIND_TRY_ASSIGN(const auto listed, keys_->list());
  const kv::SnapshotRef rows = kv_->durable();
  for (const VaultKeys::Listed& vault : listed) {
    SPIND_TRY_ASSIGN(const auto row,
                     rows->get(kv::Family::content, model::ledger_vault_key(vault.vault)));
    model::VaultName name = model::decode_vault_name(row.value_or(""));
    vaults.push_back(
        {std::move(name.tenant), name.space, state_of(vault), vault.generation, vault.key_id});
  }
  return vaults;
}

// The space's record says whose it is; where that went with the space, the ledger does.
Result<model::VaultName> Engine::own_vault(const SpaceId& space) {
  const kv::SnapshotRef rows = kv_->durable();
  SPIND_TRY_ASSIGN(const auto bytes, rows->get(kv::Family::state, model::info_key(space)));
  if (bytes) {
    SPIND_TRY_ASSIGN(const model::SpaceRecord record, model::decode_space(*bytes));
    if (record.vault == VaultRule::own) return model::VaultName{record.tenant, space};
  }
  const std::string prefix = model::ledger_prefix(model::LedgerRow::vault);
  const auto cursor = rows->scan(kv::Family::content, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) {
    model::VaultName name = model::decode_vault_name(cursor->value());
    if (name.space == space) return name;
  }
  SPIND_TRY(cursor->status());
  return no_vault("the space has no vault of its own");
}

Result<VaultInfo> Engine::rotate_vault(const model::VaultName& name,
                                       const RotateVaultOptions& options) {
  if (keys_ == nullptr) return no_vault("the store was made without keys");
  SPIND_TRY(fence_.may_write());
  const model::VaultId vault = model::vault_of(model::encode(name));
  if (options.wrapping_key) SPIND_TRY(keys_->rewrap(vault));
  if (options.data_key) SPIND_TRY(keys_->rotate_data_key(vault));
  SPIND_TRY_ASSIGN(const auto listed, keys_->list());
  for (const VaultKeys::Listed& each : listed)
    if (each.vault == vault)
      return VaultInfo{name.tenant, name.space, state_of(each), each.generation, each.key_id};
  return no_vault("the vault has no keys");
}

Result<ResealReport> Engine::reseal_vault(const model::VaultName& name,
                                          const ResealOptions& options) {
  if (keys_ == nullptr) return no_vault("the store was made without keys");
  const model::VaultId vault = model::vault_of(model::encode(name));
  SPIND_TRY_ASSIGN(const content::KeyringRef keyring, keys_->find(vault));
  if (keyring == nullptr) return no_vault("the tenant has no vault");
  return content_->reseal(vault, options);
}

Result<EncryptReport> Engine::encrypt_vault(const model::VaultName& name,
                                            const EncryptOptions& options) {
  if (keys_ == nullptr)
    return Error{.code = Code::invalid_argument,
                 .text =
                     "the store has no keys: open it with StoreOptions::keys and "
                     "StoreOptions::encrypt_existing to encrypt what it holds"};
  SPIND_TRY(fence_.may_write());
  const std::unique_lock lock(encrypting_, std::try_to_lock);
  if (!lock.owns_lock())
    return Error{.code = Code::busy, .text = "another call encrypts a vault of the store"};
  return content::VaultEncrypter(
             {*keys_, *space_rows_, *kv_, *content_, copying_, [this] { return closing_.load(); }},
             model::vault_of(model::encode(name)), options)
      .run();
}

// One that was destroyed has nothing to be wrapped.
Result<std::uint64_t> Engine::rewrap_vaults() {
  if (keys_ == nullptr) return no_vault("the store was made without keys");
  SPIND_TRY(fence_.may_write());
  SPIND_TRY_ASSIGN(const auto listed, keys_->list());
  std::uint64_t wrapped = 0;
  Status first_error;
  const auto count = [&](Result<bool> done) {
    if (done.ok())
      wrapped += *done ? 1 : 0;
    else if (first_error.ok())
      first_error = std::move(done).error();
  };
  for (const VaultKeys::Listed& vault : listed)
    if (vault.state != model::VaultKeysRow::State::destroyed) count(keys_->rewrap(vault.vault));
  count(keys_->rewrap_check());
  SPIND_TRY(std::move(first_error));
  return wrapped;
}

Status Engine::destroy_vault(const model::VaultName& name) {
  if (keys_ == nullptr) return no_vault("the store was made without keys");
  SPIND_TRY(fence_.may_write());
  Status destroyed = keys_->destroy(model::vault_of(model::encode(name)));
  // What was read before stays in no memory, whether or not the last of it is durable.
  rows_->reopened();
  return destroyed;
}

}  // namespace spind::engine
