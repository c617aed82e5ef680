// The blobs of a store's folder under the names that they have in a blob store: objects, and the
// packs that are files, so that both can be copied either way.
#pragma once

#include <string>

#include "base/files.h"
#include "spind/blob_store.h"

namespace spind::content {

// Thread-safe. Borrows all. Packs must not change while they are read.
class FolderBlobs final : public BlobStore {
 public:
  FolderBlobs(BlobStore& objects, Files& files, std::string packs)
      : objects_(objects), files_(files), packs_(std::move(packs)) {}

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Status remove(std::string_view name) override;
  Status remove_all(std::span<const std::string> names) override;
  // `prefix` is that of objects or of packs.
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;

 private:
  BlobStore& objects_;
  Files& files_;
  const std::string packs_;
};

}  // namespace spind::content
