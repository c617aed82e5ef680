#include "content/vault_keys.h"

#include <algorithm>

#include "base/codec.h"
#include "base/hex.h"
#include "base/sealer.h"
#include "base/try.h"
#include "content/content_rows.h"

namespace spind::content {

using kv::Family;
using model::LedgerRow;
using model::VaultId;
using model::VaultKeysRow;
using model::VaultSecret;

namespace {

constexpr std::size_t kKeyringsMax = 1024;
constexpr std::string_view kBoxAbout = "vault keys";

// A secret that is taken for that of another vault does not unwrap.
std::string context_of(const VaultId& vault, bool also_plain) {
  return "spind vault " + to_hex(Bytes(vault)) + (also_plain ? " with plain content" : "");
}

std::string about_keys(const VaultId& vault, std::uint64_t generation) {
  std::string about(kBoxAbout);
  Encoder(about).raw(Bytes(vault)).varint(generation);
  return about;
}

std::string seal_keys(const VaultId& vault, std::uint64_t generation, Bytes secret, Bytes keys,
                      Random& random) {
  return seal_box(secret, as_bytes(about_keys(vault, generation)), keys, random);
}

}  // namespace

Result<std::unique_ptr<VaultKeys>> VaultKeys::open(VaultKeysSetup setup) {
  std::unique_ptr<VaultKeys> keys(new VaultKeys(std::move(setup)));
  SPIND_TRY(keys->start());
  return keys;
}

Result<bool> VaultKeys::are_there(const kv::View& rows) {
  SPIND_TRY_ASSIGN(const auto check, rows.get(Family::content, model::key_check_key()));
  return check.has_value();
}

Status VaultKeys::start() {
  SPIND_TRY_ASSIGN(const auto check, check_row());
  if (!check) SPIND_TRY(expect_no_vaults());
  if (!check && setup_.provider == nullptr) return {};
  if (!check && !setup_.store_is_new && !setup_.encrypt_existing)
    return Error{.code = Code::invalid_argument,
                 .text =
                     "keys are given, but the store was made without; open it without them, or "
                     "encrypt it (StoreOptions::encrypt_existing)"};
  SPIND_TRY(secrets_.open());
  encrypts_ = true;
  SPIND_TRY(finish_destructions());
  SPIND_TRY(count_encrypting());
  if (!check) return setup_.store_is_new ? make_check() : begin_encryption();
  if (setup_.provider != nullptr) return compare_check(*check);
  return {};
}

// A store that lost the row that says that it is encrypted must not pass for a plain one: what is
// sealed would be taken for damage, and what is stored would not be sealed.
Status VaultKeys::expect_no_vaults() const {
  const kv::SnapshotRef rows = setup_.kv->durable();
  const auto cursor = scan_content(*rows, model::ledger_prefix(LedgerRow::vault_keys));
  const bool any = cursor->valid();
  SPIND_TRY(cursor->status());
  if (!any) return {};
  return Error{.code = Code::key_unavailable,
               .text =
                   "the row that shows which keys the store has is missing; bring it back from a "
                   "copy of the store"};
}

// ---- rows and secrets
// -----------------------------------------------------------------------------

Result<std::optional<VaultKeysRow>> VaultKeys::row_of(const VaultId& vault) const {
  SPIND_TRY_ASSIGN(const auto bytes,
                   setup_.kv->durable()->get(Family::content, model::vault_keys_key(vault)));
  if (!bytes) return std::optional<VaultKeysRow>();
  SPIND_TRY_ASSIGN(VaultKeysRow row, model::decode_vault_keys(*bytes));
  return std::optional(std::move(row));
}

// What only the host's keys can bring back is relied on only when they did.
Result<WrappedKey> VaultKeys::wrap_and_try(Bytes plain, std::string_view context) {
  SPIND_TRY_ASSIGN(WrappedKey wrapped, provider_.wrap(plain, context));
  SPIND_TRY_ASSIGN(const Secret again, provider_.unwrap(wrapped, context, plain.size()));
  if (equal_in_constant_time(again.bytes(), plain)) return wrapped;
  return Error{.code = Code::key_unavailable,
               .text = "the key \"" + wrapped.key_id +
                       "\" does not unwrap what it has just wrapped; see to the key provider"};
}

Result<VaultKeysRow> VaultKeys::row_in_use(const VaultId& vault) const {
  SPIND_TRY_ASSIGN(auto row, row_of(vault));
  if (!row) return Error{.code = Code::not_found, .text = "the vault has no keys"};
  if (row->state == VaultKeysRow::State::destroyed) return Keyring::destroyed_error();
  return *std::move(row);
}

Status VaultKeys::put_row(const std::string& key, const std::string& row) {
  const kv::Answer answer = setup_.kv->update({model::ledger_partition()},
                                              [&](kv::Transaction& transaction) -> kv::Outcome {
                                                transaction.put(Family::content, key, row);
                                                return kv::Commit{};
                                              });
  if (!answer.status.ok()) return answer.status.error();
  return setup_.kv->wait(answer.ticket);
}

// What the row is now is durable, or this fails.
Status VaultKeys::settle_row(const VaultId& vault) {
  const std::string key = model::vault_keys_key(vault);
  const kv::Answer answer = setup_.kv->update(
      {model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        SPIND_TRY_ASSIGN(const auto row, transaction.get(Family::content, key));
        if (row) transaction.put(Family::content, key, *row);
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  return setup_.kv->wait(answer.ticket);
}

Status VaultKeys::needs_provider() const {
  if (setup_.provider != nullptr) return {};
  return Error{.code = Code::key_unavailable,
               .text = "the content is encrypted, and the store was opened without keys"};
}

Result<VaultKeys::Found> VaultKeys::secret_of(const VaultId& vault, const VaultKeysRow& row) {
  SPIND_TRY(needs_provider());
  SPIND_TRY_ASSIGN(const VaultSecret secret, secrets_.read(vault));
  const WrappedKey wrapped{secret.key_id, secret.wrapped};
  if (row.state == VaultKeysRow::State::encrypting) {
    auto also_plain = provider_.unwrap(wrapped, context_of(vault, true), kKeyBytes);
    if (also_plain.ok()) return Found{*std::move(also_plain), Takes::also_plain};
  }
  // Where it opens as that of a vault that is encrypted whole, a row that says less was put back,
  // or a crash came before it was changed.
  SPIND_TRY_ASSIGN(Secret sealed, provider_.unwrap(wrapped, context_of(vault, false), kKeyBytes));
  if (row.state == VaultKeysRow::State::encrypting) {
    // A provider that failed a moment ago, and looks at no context, must not make plain rows
    // damage.
    auto also_plain = provider_.unwrap(wrapped, context_of(vault, true), kKeyBytes);
    if (also_plain.ok()) return Found{*std::move(also_plain), Takes::also_plain};
  }
  return Found{std::move(sealed), Takes::sealed};
}

Status VaultKeys::wrap_secret(const VaultId& vault, Bytes secret, Takes takes) {
  SPIND_TRY_ASSIGN(WrappedKey wrapped,
                   wrap_and_try(secret, context_of(vault, takes == Takes::also_plain)));
  return secrets_.write({vault, std::move(wrapped.key_id), std::move(wrapped.bytes)});
}

Result<Secret> VaultKeys::keys_in(const VaultId& vault, const VaultKeysRow& row, Bytes secret) {
  const std::string about = about_keys(vault, row.generation);
  SPIND_TRY_ASSIGN(Secret keys, open_secret_box(secret, as_bytes(about), as_bytes(row.box)));
  if (keys.size() != (row.generation + 2) * kKeyBytes)
    return Error{.code = Code::corruption, .text = "the keys of a vault have the wrong length"};
  return keys;
}

// ---- finding and making
// ---------------------------------------------------------------------------

Result<KeyringRef> VaultKeys::find(const VaultId& vault) {
  if (!encrypts_) return KeyringRef();
  if (KeyringRef known = cached(vault)) return known;
  while (true) {
    const std::uint64_t seen = changes();
    SPIND_TRY_ASSIGN(const auto row, row_of(vault));
    if (!row) return KeyringRef();
    if (row->state == VaultKeysRow::State::destroyed) return Keyring::destroyed_error();
    SPIND_TRY_ASSIGN(const Found found, secret_of(vault, *row));
    SPIND_TRY_ASSIGN(Secret keys, keys_in(vault, *row, found.secret.bytes()));
    auto keyring = std::make_shared<Keyring>(std::move(keys), found.takes == Takes::also_plain);
    if (keep(vault, keyring, seen)) return KeyringRef(std::move(keyring));
  }
}

Result<KeyringRef> VaultKeys::find_or_make(const VaultId& vault) {
  SPIND_TRY_ASSIGN(KeyringRef found, find(vault));
  if (found != nullptr || !encrypts_) return found;
  return make(vault);
}

Result<KeyringRef> VaultKeys::find_needed(const VaultId& vault) {
  Result<KeyringRef> found = find(vault);
  if (found.ok() && *found == nullptr)
    return Error{.code = Code::key_unavailable,
                 .text =
                     "the row with the vault's keys is missing; bring it back from a copy of "
                     "the store"};
  if (found.code() != Code::corruption && found.code() != Code::unsupported) return found;
  Error error = std::move(found).error();
  error.code = Code::key_unavailable;
  return error;
}

Result<KeyringRef> VaultKeys::find_in_memory(const VaultId& vault) {
  KeyringRef known = cached(vault);
  if (known != nullptr) return known;
  return Error{.code = Code::key_unavailable, .text = "the vault's keys are not in memory"};
}

Result<KeyringRef> VaultKeys::make(const VaultId& vault) {
  const std::lock_guard lock(changing_);
  // Another thread may have made it meanwhile. Or a commit of which nobody heard how it ended has
  // left a row: the secret that goes with it must not be replaced.
  SPIND_TRY(settle_row(vault));
  SPIND_TRY_ASSIGN(KeyringRef found, find(vault));
  if (found != nullptr) return found;
  SPIND_TRY(needs_provider());
  Secret keys(3 * kKeyBytes);
  SPIND_TRY_ASSIGN(const VaultKeysRow row, make_keys(vault, Takes::sealed, keys));
  SPIND_TRY(put_row(model::vault_keys_key(vault), model::encode(row)));
  auto keyring = std::make_shared<Keyring>(std::move(keys));
  // Nobody changes it meanwhile: that takes the same lock.
  keep(vault, keyring, changes());
  return KeyringRef(std::move(keyring));
}

// A secret that a crash left without a row sealed nothing, and is replaced. In a folder that copies
// of the store share, one of them may have the row; but not while a store is only getting keys.
Result<Secret> VaultKeys::secret_of_new(const VaultId& vault, Takes takes) {
  if (setup_.folder_is_shared && takes == Takes::sealed) {
    const auto there = secrets_.read(vault);
    if (there.ok())
      return provider_.unwrap({there->key_id, there->wrapped}, context_of(vault, false), kKeyBytes);
    if (there.code() != Code::key_unavailable) return there.error();
  }
  Secret secret(kKeyBytes);
  setup_.random->fill(secret.writable());
  SPIND_TRY(wrap_secret(vault, secret.bytes(), takes));
  return secret;
}

Result<VaultKeysRow> VaultKeys::make_keys(const VaultId& vault, Takes takes, Secret& keys) {
  using State = VaultKeysRow::State;
  SPIND_TRY_ASSIGN(const Secret secret, secret_of_new(vault, takes));
  setup_.random->fill(keys.writable());
  return VaultKeysRow{takes == Takes::sealed ? State::in_use : State::encrypting, 1,
                      seal_keys(vault, 1, secret.bytes(), keys.bytes(), *setup_.random)};
}

Result<std::vector<VaultKeys::Listed>> VaultKeys::list() {
  std::vector<Listed> vaults;
  const kv::SnapshotRef rows = setup_.kv->durable();
  const auto cursor = scan_content(*rows, model::ledger_prefix(LedgerRow::vault_keys));
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY_ASSIGN(const VaultKeysRow row, model::decode_vault_keys(cursor->value()));
    Listed listed{model::vault_in_key(cursor->key()), row.state, row.generation, {}};
    if (row.state != VaultKeysRow::State::destroyed)
      if (const auto secret = secrets_.read(listed.vault); secret.ok())
        listed.key_id = secret->key_id;
    vaults.push_back(std::move(listed));
  }
  SPIND_TRY(cursor->status());
  return vaults;
}

Result<bool> VaultKeys::is_destroyed(const VaultId& vault) {
  if (!encrypts_ || cached(vault) != nullptr) return false;
  SPIND_TRY_ASSIGN(const auto row, row_of(vault));
  return row && row->state == VaultKeysRow::State::destroyed;
}

// ---- changing
// -------------------------------------------------------------------------------------

Result<bool> VaultKeys::rewrap(const VaultId& vault) {
  const std::lock_guard lock(changing_);
  SPIND_TRY_ASSIGN(const VaultKeysRow row, row_in_use(vault));
  SPIND_TRY(needs_provider());
  SPIND_TRY_ASSIGN(const std::string current, provider_.current_key_id());
  SPIND_TRY_ASSIGN(const VaultSecret before, secrets_.read(vault));
  if (before.key_id == current) return false;
  SPIND_TRY_ASSIGN(const Found found, secret_of(vault, row));
  SPIND_TRY(wrap_secret(vault, found.secret.bytes(), found.takes));
  return true;
}

Result<std::uint64_t> VaultKeys::rotate_data_key(const VaultId& vault) {
  const std::lock_guard lock(changing_);
  SPIND_TRY_ASSIGN(const VaultKeysRow row, row_in_use(vault));
  if (row.generation >= model::kGenerationsMax)
    return Error{.code = Code::limit_exceeded,
                 .text = "the vault's data key was rotated too often",
                 .limit = model::kGenerationsMax,
                 .used = row.generation};
  SPIND_TRY_ASSIGN(const Found found, secret_of(vault, row));
  const Bytes secret = found.secret.bytes();
  SPIND_TRY_ASSIGN(const Secret keys, keys_in(vault, row, secret));
  Secret more(keys.size() + kKeyBytes);
  std::copy(keys.bytes().begin(), keys.bytes().end(), more.writable().begin());
  setup_.random->fill(more.writable().last(kKeyBytes));
  const std::uint64_t generation = row.generation + 1;
  const VaultKeysRow rotated{row.state, generation,
                             seal_keys(vault, generation, secret, more.bytes(), *setup_.random)};
  SPIND_TRY(put_row(model::vault_keys_key(vault), model::encode(rotated)));
  changed(vault, Change::rotated);
  return generation;
}

// The row first, so that what a crash leaves is finished at the next opening. Where copies share the
// folder nothing is finished later: a copy may have made a vault of that name anew. There the secret
// goes first, and what a crash leaves is what every other copy has: a row without its secret.
Status VaultKeys::destroy(const VaultId& vault) {
  const std::lock_guard lock(changing_);
  SPIND_TRY_ASSIGN(auto row, row_of(vault));
  if (!row) return Error{.code = Code::not_found, .text = "the vault has no keys"};
  if (row->state == VaultKeysRow::State::encrypting)
    return Error{.code = Code::conflict,
                 .text =
                     "the vault is being encrypted: what is plain yet would not be destroyed with "
                     "its keys; let encrypt_vault end first"};
  row->state = VaultKeysRow::State::destroyed;
  row->box.clear();
  if (setup_.folder_is_shared) {
    SPIND_TRY(secrets_.destroy(vault));
    changed(vault, Change::destroyed);
    return put_row(model::vault_keys_key(vault), model::encode(*row));
  }
  SPIND_TRY(put_row(model::vault_keys_key(vault), model::encode(*row)));
  changed(vault, Change::destroyed);
  return secrets_.destroy(vault);
}

Status VaultKeys::copy_secrets(const std::string& folder) {
  const std::lock_guard lock(changing_);
  return secrets_.copy_to(folder);
}

// Of which the row says so, and the file was still there when the process ended.
Status VaultKeys::finish_destructions() {
  if (setup_.folder_is_shared) return {};
  const kv::SnapshotRef rows = setup_.kv->durable();
  const auto cursor = scan_content(*rows, model::ledger_prefix(LedgerRow::vault_keys));
  for (; cursor->valid(); cursor->next()) {
    const auto row = model::decode_vault_keys(cursor->value());
    // Who uses the vault hears of a damaged row; the others go on.
    if (row.ok() && row->state == VaultKeysRow::State::destroyed)
      SPIND_TRY(secrets_.destroy(model::vault_in_key(cursor->key())));
  }
  return cursor->status();
}

// ---- what is in memory
// ----------------------------------------------------------------------------

KeyringRef VaultKeys::cached(const VaultId& vault) {
  const std::lock_guard lock(mutex_);
  const auto found = keyrings_.find(vault);
  return found == keyrings_.end() ? KeyringRef() : KeyringRef(found->second);
}

std::uint64_t VaultKeys::changes() {
  const std::lock_guard lock(mutex_);
  return changes_;
}

// False if a vault changed since `seen`: then these may be keys of before.
bool VaultKeys::keep(const VaultId& vault, std::shared_ptr<Keyring> keyring, std::uint64_t seen) {
  const std::lock_guard lock(mutex_);
  if (seen != changes_) return false;
  if (given_out_.size() >= 2 * kKeyringsMax)
    std::erase_if(given_out_, [](const auto& each) { return each.second.expired(); });
  given_out_.emplace_back(vault, keyring);
  // Which ones go is no matter: the next use unwraps them again.
  if (keyrings_.size() >= kKeyringsMax) keyrings_.clear();
  // A rotation that is not told yet may have been seen by another, who sealed with it.
  std::shared_ptr<Keyring>& kept = keyrings_[vault];
  if (kept == nullptr || kept->generation() < keyring->generation()) kept = std::move(keyring);
  return true;
}

void VaultKeys::changed(const VaultId& vault, Change change) {
  const std::lock_guard lock(mutex_);
  ++changes_;
  keyrings_.erase(vault);
  if (change == Change::rotated) return;
  for (const auto& [other, keyring] : given_out_) {
    const auto held = keyring.lock();
    if (held == nullptr || other != vault) continue;
    if (change == Change::encrypted)
      held->refuse_plain();
    else
      held->destroy();
  }
}

}  // namespace spind::content
