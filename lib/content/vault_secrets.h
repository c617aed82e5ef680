// The secrets of vaults, a file each, wrapped by the host's keys.
//
// They lie beside the metadata and not in it: what a row once held lingers in tables and logs, so a
// vault could never be destroyed for good.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/files.h"
#include "model/vault_rows.h"

namespace spind::content {

// Thread-safe, but for two calls about one vault.
class VaultSecrets {
 public:
  // No folder: they are kept in memory, as all else of such a store is. `shared`: copies of the
  // store use the same.
  VaultSecrets(Files& files, std::string folder, bool shared)
      : files_(files), folder_(std::move(folder)), shared_(shared) {}

  // Makes the folder, and removes what a crash left of secrets that were replaced.
  Status open();
  // key_unavailable: it is not there. corruption: it is not this vault's.
  Result<model::VaultSecret> read(const model::VaultId& vault);
  // Durable when it returns. What it replaces is overwritten.
  Status write(const model::VaultSecret& secret);
  // Overwrites and removes it, durably; ok if there is none.
  Status destroy(const model::VaultId& vault);
  // Copies all of them to a folder, which is made; not while one is written or destroyed. Durable.
  Status copy_to(const std::string& folder);

 private:
  std::string path_of(const model::VaultId& vault) const;
  Result<model::VaultSecret> read_once(const model::VaultId& vault);
  Status shred_if_there(const std::string& path);
  Status drop_replaced(const std::string& path);

  Files& files_;
  const std::string folder_;
  const bool shared_;
  std::mutex mutex_;
  std::map<model::VaultId, std::string> in_memory_;
};

}  // namespace spind::content
