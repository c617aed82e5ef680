// How a store that was made without keys becomes one with keys, and how a vault is done with that.
//
// All vaults begin at once, by the commit that puts the row that shows the keys of the store: so
// none stays plain, and there is nothing that could be put back to make one plain again. Each ends
// by itself.
#include "base/try.h"
#include "content/content_rows.h"
#include "content/plain_rows.h"
#include "content/vault_keys.h"
#include "model/keys.h"
#include "model/records.h"

namespace spind::content {

using kv::Family;
using model::LedgerRow;
using model::VaultId;
using model::VaultKeysRow;

namespace {

using VaultNames = std::map<VaultId, std::string>;

Status add_noted_vaults(const kv::View& rows, VaultNames& names) {
  const auto cursor = scan_content(rows, model::ledger_prefix(LedgerRow::vault));
  for (; cursor->valid(); cursor->next())
    names.emplace(model::vault_in_key(cursor->key()), cursor->value());
  return cursor->status();
}

// A vault is noted with its first piece; a space may have rows alone.
Status add_vault_of(const kv::View& rows, const SpaceId& space, VaultNames& names) {
  SPIND_TRY_ASSIGN(const auto info, rows.get(Family::state, model::info_key(space)));
  const auto record =
      info ? model::decode_space(*info) : Result<model::SpaceRecord>(Error{Code::corruption, ""});
  if (!record.ok())
    return Error{.code = Code::corruption,
                 .text =
                     "the record of a space, which tells whose it is, is lost or damaged: check "
                     "and repair the store without keys before it is encrypted",
                 .path = space.to_string()};
  std::string name = model::vault_name(*record, space);
  const VaultId vault = model::vault_of(name);
  names.emplace(vault, std::move(name));
  return {};
}

Result<VaultNames> all_vaults(const kv::View& rows) {
  VaultNames names;
  SPIND_TRY(add_noted_vaults(rows, names));
  SPIND_TRY(visit_spaces(rows, Family::state,
                         [&](const SpaceId& space) { return add_vault_of(rows, space, names); }));
  return names;
}

}  // namespace

// Secrets first, then one commit for all: after a crash the store is one without keys, whose next
// beginning makes other secrets, or one whose vaults are all being encrypted.
Status VaultKeys::begin_encryption() {
  SPIND_TRY_ASSIGN(const VaultNames names, all_vaults(*setup_.kv->durable()));
  std::map<std::string, std::string> rows;
  for (const auto& [vault, name] : names) {
    Secret keys(3 * kKeyBytes);
    SPIND_TRY_ASSIGN(const VaultKeysRow row, make_keys(vault, Takes::also_plain, keys));
    rows[model::vault_keys_key(vault)] = model::encode(row);
    rows[model::ledger_vault_key(vault)] = name;
  }
  Secret value(kKeyBytes);
  setup_.random->fill(value.writable());
  SPIND_TRY_ASSIGN(const model::KeyCheckRow check, wrap_check(value.bytes()));
  rows[model::key_check_key()] = model::encode(check);
  const kv::Answer answer = setup_.kv->update({model::ledger_partition()},
                                              [&](kv::Transaction& transaction) -> kv::Outcome {
                                                for (const auto& [key, row] : rows)
                                                  transaction.put(Family::content, key, row);
                                                return kv::Commit{};
                                              });
  if (!answer.status.ok()) return answer.status.error();
  SPIND_TRY(setup_.kv->wait(answer.ticket));
  return count_encrypting();
}

Status VaultKeys::count_encrypting() {
  std::size_t count = 0;
  const kv::SnapshotRef rows = setup_.kv->durable();
  const auto cursor = scan_content(*rows, model::ledger_prefix(LedgerRow::vault_keys));
  for (; cursor->valid(); cursor->next()) {
    const auto row = model::decode_vault_keys(cursor->value());
    count += row.ok() && row->state == VaultKeysRow::State::encrypting ? 1 : 0;
  }
  encrypting_ = count;
  return cursor->status();
}

Result<bool> VaultKeys::any_takes_plain() {
  if (!any_encrypting()) return false;
  SPIND_TRY_ASSIGN(const auto listed, list());
  for (const Listed& each : listed) {
    if (each.state != VaultKeysRow::State::encrypting) continue;
    SPIND_TRY_ASSIGN(const KeyringRef keyring, find_needed(each.vault));
    if (keyring->takes_plain()) return true;
  }
  return false;
}

Result<bool> VaultKeys::is_encrypting(const VaultId& vault) const {
  SPIND_TRY_ASSIGN(const VaultKeysRow row, row_in_use(vault));
  return row.state == VaultKeysRow::State::encrypting;
}

// The secret first: whatever the row says from then on, and whichever is put back, it does not
// unwrap as that of a vault where something is plain.
Status VaultKeys::finish_encryption(const VaultId& vault) {
  const std::lock_guard lock(changing_);
  SPIND_TRY_ASSIGN(VaultKeysRow row, row_in_use(vault));
  if (row.state == VaultKeysRow::State::in_use) return {};
  SPIND_TRY_ASSIGN(const Found found, secret_of(vault, row));
  if (found.takes == Takes::also_plain)
    SPIND_TRY(wrap_secret(vault, found.secret.bytes(), Takes::sealed));
  row.state = VaultKeysRow::State::in_use;
  SPIND_TRY(put_row(model::vault_keys_key(vault), model::encode(row)));
  changed(vault, Change::encrypted);
  return count_encrypting();
}

}  // namespace spind::content
