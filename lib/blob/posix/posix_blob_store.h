// Blobs in a folder: one file each.
//
//   <folder>/blobs/a/b/n     the blob "a/b/n"
//   <folder>/tmp/17          a blob that is being written; whatever lies here at open is removed
//
// A blob is written in tmp, synced, renamed into place, and the folder of its name is synced, so it
// is there whole or not at all, and for good when put returns. Both folders must be on one file
// system.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "base/files.h"
#include "spind/blob_store.h"

namespace spind {

// Thread-safe. At most one for a folder at a time; the caller holds a lock that says so.
class PosixBlobStore final : public BlobStore {
 public:
  // `folder` must exist or be makeable in a folder that does. Borrows `files`.
  static Result<std::unique_ptr<PosixBlobStore>> open(Files& files, const std::string& folder);

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Result<std::size_t> scatter(std::string_view name, std::uint64_t offset, Places places) override;
  void will_read(std::string_view name, std::uint64_t offset, std::uint64_t size_bytes) override;
  Status remove(std::string_view name) override;
  Status remove_all(std::span<const std::string> names) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;

  // Gives the blob to a store whose folder is another one, as a second name for the same bytes
  // where that can be, and answers how many bytes had to be copied. Durable after sync_names().
  // not_found, already_exists.
  Result<std::uint64_t> copy_to(PosixBlobStore& other, std::string_view name);
  // Makes durable the names of all blobs below the folders that `prefix` is the first one of.
  Status sync_names(const std::string& prefix);

 private:
  PosixBlobStore(Files& files, const std::string& folder);
  Status prepare();
  std::string path_of(std::string_view name) const;
  Result<std::unique_ptr<File>> open_blob(std::string_view name);
  Status remove_file(std::string_view name);
  Status sync_removals(const std::string& folder);
  Status write(const std::string& path, std::span<const std::uint8_t> bytes);
  Status make_folder_durably(const std::string& path);
  Status make_folders_of(std::string_view name);

  Files& files_;
  const std::string blobs_;  // the path of <folder>/blobs
  const std::string tmp_;
  std::atomic<std::uint64_t> next_tmp_ = 0;

  std::mutex folders_mutex_;
  // Folders that are known to be durable, at most kKnownFoldersMax. A folder that is merely there
  // may have been made a moment ago by another thread, or by a process that died, and not be
  // durable yet.
  std::unordered_set<std::string> known_folders_;
};

}  // namespace spind
