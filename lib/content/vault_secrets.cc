#include "content/vault_secrets.h"

#include "base/hex.h"
#include "base/try.h"

namespace spind::content {
namespace {

// A secret that was replaced keeps this name until it has been overwritten.
constexpr std::string_view kReplaced = ".old";
constexpr std::string_view kUnfinished = ".tmp";
constexpr std::uint64_t kSecretFileBytesMax = 16 * 1024;
constexpr std::string_view kMissing =
    "the file with the vault's secret is missing; bring it back from a copy of the store";
constexpr std::string_view kGoneForAll =
    "the file with the vault's secret is missing; where another copy of the store has destroyed "
    "the "
    "vault, destroy it here, too, else bring the file back from a backup of its folder";

}  // namespace

std::string VaultSecrets::path_of(const model::VaultId& vault) const {
  return folder_ + "/" + to_hex(Bytes(vault));
}

Status VaultSecrets::shred_if_there(const std::string& path) {
  Status shredded = files_.shred(path);
  if (shredded.code() == Code::not_found) return {};
  return shredded;
}

// Of a secret that was about to be replaced the two names are those of one file still.
Status VaultSecrets::drop_replaced(const std::string& path) {
  const std::string replaced = path + std::string(kReplaced);
  const auto before = read_file(files_, replaced, kSecretFileBytesMax);
  if (before.code() == Code::not_found) return {};
  // Unread, it may be the one that is in use.
  if (!before.ok()) return before.error();
  const auto now = read_file(files_, path, kSecretFileBytesMax);
  if (!now.ok() && now.code() != Code::not_found) return now.error();
  if (now.ok() && *before == *now) return files_.remove(replaced);
  // No power cut may bring back the name that it had.
  SPIND_TRY(files_.sync_folder(folder_));
  return shred_if_there(replaced);
}

Status VaultSecrets::open() {
  if (folder_.empty()) return {};
  SPIND_TRY(make_folder_durably(files_, folder_));
  SPIND_TRY_ASSIGN(const auto names, files_.list(folder_));
  for (const std::string& name : names) {
    const std::string path = folder_ + "/" + name;
    if (name.ends_with(kUnfinished)) SPIND_TRY(shred_if_there(path));
    if (name.ends_with(kReplaced))
      SPIND_TRY(drop_replaced(path.substr(0, path.size() - kReplaced.size())));
  }
  return {};
}

// Who opened the file just before it was replaced may read it while it is being overwritten.
Result<model::VaultSecret> VaultSecrets::read(const model::VaultId& vault) {
  auto secret = read_once(vault);
  if (secret.code() == Code::corruption) return read_once(vault);
  return secret;
}

Result<model::VaultSecret> VaultSecrets::read_once(const model::VaultId& vault) {
  const std::string path = path_of(vault);
  Result<std::string> bytes = Error{.code = Code::not_found, .text = {}};
  if (folder_.empty()) {
    const std::lock_guard lock(mutex_);
    const auto found = in_memory_.find(vault);
    if (found != in_memory_.end()) bytes = found->second;
  } else {
    bytes = read_file(files_, path, kSecretFileBytesMax);
  }
  if (bytes.code() == Code::not_found)
    return Error{.code = Code::key_unavailable,
                 .text = std::string(shared_ ? kGoneForAll : kMissing),
                 .path = path};
  if (!bytes.ok()) return std::move(bytes).error();
  Result<model::VaultSecret> secret = model::decode_vault_secret(*bytes);
  if (!secret.ok() || secret->vault != vault)
    return Error{.code = Code::corruption,
                 .text =
                     "the file with the vault's secret is not what was written; bring it back "
                     "from a copy of the store",
                 .path = path};
  return secret;
}

Status VaultSecrets::write(const model::VaultSecret& secret) {
  const std::string bytes = model::encode(secret);
  if (folder_.empty()) {
    const std::lock_guard lock(mutex_);
    in_memory_[secret.vault] = bytes;
    return {};
  }
  const std::string path = path_of(secret.vault);
  const std::string replaced = path + std::string(kReplaced);
  SPIND_TRY(drop_replaced(path));
  const Status kept = files_.link(path, replaced);
  // Where files have one name only, the bytes of the old one are left to the file system.
  if (!kept.ok() && kept.code() != Code::not_found && kept.code() != Code::unsupported)
    return kept.error();
  SPIND_TRY(write_file_durably(files_, path, as_bytes(bytes)));
  return drop_replaced(path);
}

Status VaultSecrets::destroy(const model::VaultId& vault) {
  if (folder_.empty()) {
    const std::lock_guard lock(mutex_);
    in_memory_.erase(vault);
    return {};
  }
  const std::string path = path_of(vault);
  for (const std::string_view end : {kReplaced, kUnfinished})
    SPIND_TRY(shred_if_there(path + std::string(end)));
  SPIND_TRY(shred_if_there(path));
  return files_.sync_folder(folder_);
}

// Names that a crash left are of secrets that were replaced.
Status VaultSecrets::copy_to(const std::string& folder) {
  SPIND_TRY(make_folder_durably(files_, folder));
  SPIND_TRY_ASSIGN(const auto names, files_.list(folder_));
  for (const std::string& name : names) {
    if (name.ends_with(kReplaced) || name.ends_with(kUnfinished)) continue;
    SPIND_TRY_ASSIGN(const std::string bytes,
                     read_file(files_, folder_ + "/" + name, kSecretFileBytesMax));
    SPIND_TRY(write_file_durably(files_, folder + "/" + name, as_bytes(bytes)));
  }
  return files_.sync_folder(folder);
}

}  // namespace spind::content
