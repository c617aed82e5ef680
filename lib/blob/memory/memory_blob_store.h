// Blobs in memory: for tests, and for stores that need not outlive their process.
#pragma once

#include <map>
#include <mutex>

#include "spind/blob_store.h"

namespace spind {

// Thread-safe.
class MemoryBlobStore final : public BlobStore {
 public:
  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Status remove(std::string_view name) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<std::uint8_t>, std::less<>> blobs_;
};

}  // namespace spind
