#include "spind/blob_store.h"

#include "base/files.h"

namespace spind {

Result<std::size_t> BlobStore::scatter(std::string_view name, std::uint64_t offset,
                                       std::span<const std::span<std::uint8_t>> places) {
  return read_each(offset, places, [&](std::uint64_t at, std::span<std::uint8_t> place) {
    return range(name, at, place);
  });
}

Status BlobStore::remove_all(std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (Status removed = remove(name); !removed.ok()) return removed;
  }
  return {};
}

void BlobStore::will_read(std::string_view, std::uint64_t, std::uint64_t) {}

}  // namespace spind
