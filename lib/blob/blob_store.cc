#include "spind/blob_store.h"

#include <algorithm>

namespace spind {

Result<std::size_t> BlobStore::scatter(std::string_view name, std::uint64_t offset,
                                       std::span<const std::span<std::uint8_t>> places) {
  if (places.size() == 1) return range(name, offset, places.front());
  std::size_t wanted = 0;
  for (const std::span<std::uint8_t> place : places) wanted += place.size();
  std::vector<std::uint8_t> bytes(wanted);
  auto got = range(name, offset, bytes);
  if (!got.ok()) return got;
  auto from = bytes.begin();
  std::size_t left = *got;
  for (const std::span<std::uint8_t> place : places) {
    const std::size_t count = std::min(left, place.size());
    std::copy_n(from, count, place.begin());
    from += static_cast<std::ptrdiff_t>(count);
    left -= count;
  }
  return got;
}

Status BlobStore::remove_all(std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (Status removed = remove(name); !removed.ok()) return removed;
  }
  return {};
}

void BlobStore::will_read(std::string_view, std::uint64_t, std::uint64_t) {}

}  // namespace spind
