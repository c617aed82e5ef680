#include "blob/memory/memory_blob_store.h"

#include <algorithm>

#include "base/try.h"
#include "blob/blob_name.h"

namespace spind {
namespace {

Error no_such_blob(std::string_view name) {
  return {Code::not_found, "no such blob", std::string(name)};
}

}  // namespace

Status MemoryBlobStore::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  SPIND_TRY(check_blob_name(name));
  std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  const std::lock_guard lock(mutex_);
  // A folder of file names could not hold both either, so no store does.
  const std::string below = std::string(name) + '/';
  if (const auto next = blobs_.lower_bound(below);
      next != blobs_.end() && next->first.starts_with(below))
    return Error{Code::conflict, "the name is a folder of other blobs", std::string(name)};
  for (std::size_t i = name.find('/'); i != std::string_view::npos; i = name.find('/', i + 1)) {
    if (blobs_.contains(name.substr(0, i)))
      return Error{Code::conflict, "a folder of the name is a blob", std::string(name)};
  }
  blobs_.insert_or_assign(std::string(name), std::move(copy));
  return {};
}

Result<std::vector<std::uint8_t>> MemoryBlobStore::get(std::string_view name,
                                                       std::uint64_t size_bytes_max) {
  SPIND_TRY(check_blob_name(name));
  const std::lock_guard lock(mutex_);
  const auto blob = blobs_.find(name);
  if (blob == blobs_.end()) return no_such_blob(name);
  if (blob->second.size() > size_bytes_max)
    return Error{Code::limit_exceeded, "the blob is too large", std::string(name), size_bytes_max,
                 blob->second.size()};
  return blob->second;
}

Result<std::size_t> MemoryBlobStore::range(std::string_view name, std::uint64_t offset,
                                           std::span<std::uint8_t> out) {
  SPIND_TRY(check_blob_name(name));
  const std::lock_guard lock(mutex_);
  const auto blob = blobs_.find(name);
  if (blob == blobs_.end()) return no_such_blob(name);
  const std::vector<std::uint8_t>& bytes = blob->second;
  if (offset >= bytes.size()) return std::size_t{0};
  const std::size_t count = std::min(out.size(), bytes.size() - static_cast<std::size_t>(offset));
  std::copy_n(bytes.data() + offset, count, out.data());
  return count;
}

Status MemoryBlobStore::remove(std::string_view name) {
  SPIND_TRY(check_blob_name(name));
  const std::lock_guard lock(mutex_);
  if (const auto blob = blobs_.find(name); blob != blobs_.end()) blobs_.erase(blob);
  return {};
}

Result<std::vector<BlobListItem>> MemoryBlobStore::list(std::string_view prefix,
                                                        std::string_view after,
                                                        std::size_t count_max) {
  const std::lock_guard lock(mutex_);
  std::vector<BlobListItem> items;
  auto blob = after < prefix ? blobs_.lower_bound(prefix) : blobs_.upper_bound(after);
  for (; blob != blobs_.end() && blob->first.starts_with(prefix); ++blob) {
    if (items.size() == count_max) break;
    items.push_back({blob->first, blob->second.size()});
  }
  return items;
}

}  // namespace spind
