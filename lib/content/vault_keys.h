// The keys of encrypted vaults: made, found, rotated, destroyed.
//
//   a provider's key      in the host's hands                    wraps
//   the vault's secret    a file (VaultSecrets)                  seals
//   the vault's keys      a row of the ledger (VaultKeysRow)     seal names, rows and pieces
//
// A store that was made without keys becomes one with keys once: every vault that it has is then
// `encrypting` until all that it holds is sealed (vault_encryption.cc).
//
// The order that keeps them safe: a secret is durable before the row that is sealed under it, and a
// row before anything that is sealed under its keys. A vault is destroyed in its row first; what
// then remains of it is removed, after a crash when the store is next opened.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "content/keyring.h"
#include "content/vault_secrets.h"
#include "keys/guarded_keys.h"
#include "kv/kv.h"
#include "model/vault_rows.h"

namespace spind::content {

struct VaultKeysSetup {
  kv::Store* kv = nullptr;
  Files* files = nullptr;
  std::string folder;             // of the secrets; none: they are kept in memory
  bool folder_is_shared = false;  // with copies of the store, each of which may have vaults alone
  KeyProviderPtr provider;        // null: what is encrypted cannot be read
  Random* random = nullptr;
  bool store_is_new = false;
  bool encrypt_existing = false;  // a store that was made without keys gets some
  std::chrono::milliseconds provider_timeout = keys::kKeyProviderTimeout;
};

using KeyringRef = std::shared_ptr<const Keyring>;

// Thread-safe.
class VaultKeys {
 public:
  // A new store with a provider becomes one of which every vault is encrypted, and so does one
  // without keys if that is asked for; any other stays what it is. invalid_argument: a provider for
  // a store without keys. corruption: whose a space is, which is to get keys, cannot be told.
  // key_unavailable: the provider fails, or its keys are not those of the store.
  static Result<std::unique_ptr<VaultKeys>> open(VaultKeysSetup setup);
  // Whether the rows are those of a store that has keys.
  static Result<bool> are_there(const kv::View& rows);

  // Whether every new vault is encrypted.
  bool encrypts() const { return encrypts_; }

  // The keys of a vault; null if it is plain. key_unavailable: it was destroyed, or its keys cannot
  // be had.
  Result<KeyringRef> find(const model::VaultId& vault);
  // The same for one that is about to be stored to: it gets keys if the store encrypts.
  Result<KeyringRef> find_or_make(const model::VaultId& vault);
  // The same of a vault of which something is sealed, so never null: key_unavailable for whatever
  // reason its keys cannot be had, since what was sealed may well be whole.
  Result<KeyringRef> find_needed(const model::VaultId& vault);
  // Whether any vault is being encrypted, as far as its row says: false needs no keys.
  bool any_encrypting() const { return encrypting_ > 0; }
  // The same as its secret says, so that nobody can make believe it.
  Result<bool> any_takes_plain();

  // The same without asking anybody: key_unavailable if they are not in memory.
  Result<KeyringRef> find_in_memory(const model::VaultId& vault);

  struct Listed {
    model::VaultId vault{};
    model::VaultKeysRow::State state = model::VaultKeysRow::State::in_use;
    std::uint64_t generation = 0;
    std::string key_id;  // of the provider's key that wraps its secret; none: not known
  };
  // Encrypted vaults, destroyed ones too.
  Result<std::vector<Listed>> list();

  // Whether it was, so that its keys are gone for good; of a plain vault never.
  Result<bool> is_destroyed(const model::VaultId& vault);

  // What follows answers not_found for a vault without keys, key_unavailable for a destroyed one.

  // Wraps the vault's secret with the provider's current key. Answers whether it was another one.
  Result<bool> rewrap(const model::VaultId& vault);
  // The same for what shows at open that the provider's keys are those of the store.
  Result<bool> rewrap_check();
  // A new data key, for what is stored from now on; answers its generation. limit_exceeded.
  Result<std::uint64_t> rotate_data_key(const model::VaultId& vault);
  Result<bool> is_encrypting(const model::VaultId& vault) const;
  // All that the vault holds is sealed: from now on nothing plain is taken there. ok if it was
  // before.
  Status finish_encryption(const model::VaultId& vault);
  // What was sealed with its keys is gone, here and in every copy without the file of its secret;
  // whose rows say so once it was destroyed there, too.
  // ok if it was destroyed before. conflict: it is being encrypted, and what is plain would stay.
  Status destroy(const model::VaultId& vault);

  // Copies the files of the secrets, byte by byte, for a copy of rows that was made before:
  // destroying overwrites them, so none may be shared. Durable when it returns.
  Status copy_secrets(const std::string& folder);

 private:
  explicit VaultKeys(VaultKeysSetup setup)
      : setup_(std::move(setup)),
        provider_(setup_.provider, setup_.provider_timeout),
        secrets_(*setup_.files, setup_.folder, setup_.folder_is_shared) {}

  Status start();
  Status expect_no_vaults() const;
  Result<std::optional<model::KeyCheckRow>> check_row() const;
  Status make_check();
  Status compare_check(const model::KeyCheckRow& row);
  Result<model::KeyCheckRow> wrap_check(Bytes value);
  Status begin_encryption();
  Status count_encrypting();
  Status finish_destructions();

  Result<std::optional<model::VaultKeysRow>> row_of(const model::VaultId& vault) const;
  Result<model::VaultKeysRow> row_in_use(const model::VaultId& vault) const;
  Status put_row(const std::string& key, const std::string& row);
  Status needs_provider() const;
  // While a vault is being encrypted its secret is wrapped for that, so that a row of then, put
  // back later, makes nobody take what is plain.
  enum class Takes { sealed, also_plain };
  struct Found {
    Secret secret;
    Takes takes = Takes::sealed;
  };
  Result<Found> secret_of(const model::VaultId& vault, const model::VaultKeysRow& row);
  Status settle_row(const model::VaultId& vault);
  Result<WrappedKey> wrap_and_try(Bytes plain, std::string_view context);
  Result<Secret> secret_of_new(const model::VaultId& vault, Takes takes);
  Status wrap_secret(const model::VaultId& vault, Bytes secret, Takes takes);
  // The row of a vault whose keys are to be made, and the keys. Its secret is durable.
  Result<model::VaultKeysRow> make_keys(const model::VaultId& vault, Takes takes, Secret& keys);
  static Result<Secret> keys_in(const model::VaultId& vault, const model::VaultKeysRow& row,
                                Bytes secret);
  Result<KeyringRef> make(const model::VaultId& vault);

  KeyringRef cached(const model::VaultId& vault);
  bool keep(const model::VaultId& vault, std::shared_ptr<Keyring> keyring, std::uint64_t seen);
  std::uint64_t changes();
  enum class Change { rotated, encrypted, destroyed };
  void changed(const model::VaultId& vault, Change change);

  const VaultKeysSetup setup_;
  keys::GuardedKeys provider_;
  VaultSecrets secrets_;
  bool encrypts_ = false;
  std::atomic<std::size_t> encrypting_{0};  // vaults whose row says so

  std::mutex changing_;  // held by whoever makes, rotates or destroys
  std::mutex mutex_;     // guards what follows
  std::map<model::VaultId, std::shared_ptr<Keyring>> keyrings_;  // at most kKeyringsMax
  // All that may be in use, so that they can be told when their vault is destroyed.
  std::vector<std::pair<model::VaultId, std::weak_ptr<Keyring>>> given_out_;
  std::uint64_t changes_ = 0;  // of any vault's keys, so that none of before is given out after
};

}  // namespace spind::content
