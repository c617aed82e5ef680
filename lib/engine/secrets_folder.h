// The folder of the secrets of vaults, where it is another one than the store's own
// (StoreOptions::vault_secrets):
//
//   <folder>/<vault, hex>   a secret
//   <folder>/LOCK           held while a store that uses them is open; its being there tells the
//                           folder from a mount point on which nothing is mounted
//   <folder>/BEGUN          the path of the store that is being made with it; gone when that stands
//
// Copies of a store use one such folder, one of them at a time.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "spind/result.h"

namespace spind::engine {

// As it is compared: without detours and without a slash at its end.
std::string plain_path(const std::string& path);
// Whether such a folder may be named: an absolute path that fits in FORMAT, outside the store's
// folder. invalid_argument.
Status expect_secrets_path(const std::string& secrets, const std::string& store_folder);
// For a store that is being made or encrypted: the folder is made, or is empty, or was begun by the
// same store. invalid_argument, busy, io_error.
Result<std::unique_ptr<FileLock>> begin_secrets_folder(Files& files, const std::string& secrets,
                                                       const std::string& store_folder);
// The store names it in FORMAT: from now on it is no other store's.
Status finish_secrets_folder(Files& files, const std::string& secrets);
// For a store that has it. key_unavailable: it is not there. busy.
Result<std::unique_ptr<FileLock>> find_secrets_folder(Files& files, const std::string& secrets);

}  // namespace spind::engine
