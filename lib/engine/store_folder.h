// The folder of a store.
//
//   <folder>/FORMAT     "spind store\nformat 2\n"; written last when a store is made, so that a
//                       folder without it holds none. Format 4 has a line more, "secrets <path>\n"
//   <folder>/LOCK       held while the store is open, with the process id of the holder
//   <folder>/meta/      RocksDB
//   <folder>/objects/   large pieces, a file each
//   <folder>/packs/     small pieces, many a file
//   <folder>/incoming/  packs that come from another place, until the store lives here: then it
//                       becomes packs/
//   <folder>/vaults/    secrets of vaults, a file each; with keys only, and format 3. In format 4
//                       they lie elsewhere (secrets_folder.h)
//   <folder>/SECRETS    where, as long as a store that was made without keys is getting them
//
// A store of format 1, in which no frame of content is compressed, is opened and becomes one of the
// present format before anything is written that a library of before could not read. So does one
// that was made without keys and gets some.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "spind/options.h"

namespace spind::engine {

inline constexpr int kStoreFormat = 2;
// So that a library that knows no sealed rows does not take them for damaged ones.
inline constexpr int kSealedStoreFormat = 3;
// So that one that knows no secrets elsewhere does not make others in the store's folder.
inline constexpr int kSecretsElsewhereFormat = 4;

// What FORMAT says.
struct StoreFormat {
  int number = kStoreFormat;
  std::string secrets{};  // format 4: where the secrets of vaults lie
};

struct StoreFolder {
  std::string path, meta, objects, packs, incoming, vaults;
  StoreFormat format;  // of a new store, or one that gets keys: what it is to become
  std::unique_ptr<FileLock> lock, secrets_lock;
  bool is_new = false;     // finish_store_folder is to be called when the store stands
  bool is_older = false;   // renew_store_folder is to be called before anything is written
  bool is_sealed = false;  // the store has keys
  // note_secrets is to be called before a store gets keys that was made without.
  bool secrets_chosen = false;
};

// Takes the lock and looks whether a store of a known format is there. A folder that holds a store
// that was begun and not finished is begun again.
// not_found, busy, unsupported, corruption, invalid_argument (other files lie there, or the secrets
// of vaults are not where they shall be), key_unavailable (their folder is not there), io_error.
Result<StoreFolder> open_store_folder(Files& files, const std::string& folder,
                                      const StoreOptions& options);
// The folder of a store that is to be made there by somebody else: it is made, or must be empty.
// already_exists, busy, io_error.
Result<StoreFolder> make_store_folder(Files& files, const std::string& folder);
// From then on the store finds where its secrets lie, whether it gets keys now or later. Durable.
Status note_secrets(Files& files, const StoreFolder& store);
Status finish_store_folder(Files& files, const std::string& folder, const StoreFormat& format);
// Durable when it returns. Where it fails, the store has the one format or the other.
Status renew_store_folder(Files& files, const std::string& folder, const StoreFormat& format);

// Whether `path` lies in a folder that is there, also where it is named in another way: by symbolic
// links, or from another folder on.
Result<bool> lies_below(const std::string& path, const std::string& folder);

}  // namespace spind::engine
