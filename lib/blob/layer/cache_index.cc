#include "blob/layer/cache_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/hex.h"

namespace spind {
namespace {

// An entry with its place in the list of uses and what the allocator adds to both.
constexpr std::uint64_t kEntryBytes = 208;
// A file takes whole blocks of the device, and its head and checksum are there too.
constexpr std::uint64_t kDeviceBlockBytes = 4096;
constexpr std::uint64_t kFileHeadBytesMax = 256;

std::uint64_t device_bytes(const CachedBlock& block) {
  const std::uint64_t file_bytes = block.size_bytes + kFileHeadBytesMax;
  return (file_bytes + kDeviceBlockBytes - 1) / kDeviceBlockBytes * kDeviceBlockBytes;
}

constexpr std::string_view kLast = ".last";

// Takes a number in hexadecimal digits, as it is written here, off the front.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

}  // namespace

std::string path_of(const CachedBlock& block, unsigned block_bits) {
  const std::string digest = to_hex(std::span(block.place.blob));
  return fmt::format("{}/{}-{:x}-{:x}-{:x}-{:x}{}", digest.substr(0, 2), digest, block.place.number,
                     block.size_bytes, block.serial, block_bits, block.last ? kLast : "");
}

std::optional<CachedBlock> block_at(std::string_view path, unsigned block_bits) {
  constexpr std::size_t kFolderChars = 3, kDigestChars = 32;
  if (path.size() < kFolderChars + kDigestChars) return std::nullopt;
  CachedBlock block;
  const auto digest = from_hex(path.substr(kFolderChars, kDigestChars));
  if (!digest || digest->size() != block.place.blob.size()) return std::nullopt;
  std::copy(digest->begin(), digest->end(), block.place.blob.begin());
  std::string_view rest = path.substr(kFolderChars + kDigestChars);
  unsigned bits = 0;
  if (!take(rest, "-") || !take_number(rest, block.place.number) || !take(rest, "-") ||
      !take_number(rest, block.size_bytes) || !take(rest, "-") ||
      !take_number(rest, block.serial) || !take(rest, "-") || !take_number(rest, bits))
    return std::nullopt;
  block.last = rest == kLast;
  // Whatever is written in another way than it is written here was not written here.
  if (bits != block_bits || block.size_bytes > std::uint64_t{1} << bits ||
      path_of(block, block_bits) != path)
    return std::nullopt;
  return block;
}

CacheIndex::CacheIndex(std::uint64_t size_bytes_max, std::uint64_t memory_bytes_max)
    : size_bytes_max_(size_bytes_max),
      count_max_(static_cast<std::size_t>(memory_bytes_max / kEntryBytes)) {}

CachedBlock CacheIndex::take_out(Blocks::iterator found) {
  const CachedBlock block = found->second.block;
  size_bytes_ -= device_bytes(block);
  uses_.erase(found->second.use);
  blocks_.erase(found);
  return block;
}

std::optional<CachedBlock> CacheIndex::find(const BlockPlace& place) {
  const auto found = blocks_.find(place);
  if (found == blocks_.end()) return std::nullopt;
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.block;
}

bool CacheIndex::contains_all(const BlobDigest& blob) const {
  std::uint64_t number = 0;
  for (auto at = blocks_.lower_bound({blob, 0}); at != blocks_.end(); ++at, ++number) {
    if (at->first != BlockPlace{blob, number}) return false;
    if (at->second.block.last) return true;
  }
  return false;
}

bool CacheIndex::ends_before(const BlockPlace& place) const {
  const auto at = blocks_.lower_bound(place);
  if (at == blocks_.begin()) return false;
  const CachedBlock& before = std::prev(at)->second.block;
  return before.place.blob == place.blob && before.last;
}

std::vector<CachedBlock> CacheIndex::insert(const CachedBlock& block) {
  std::vector<CachedBlock> out;
  if (const auto found = blocks_.find(block.place); found != blocks_.end())
    out.push_back(take_out(found));
  uses_.push_front(block.place);
  blocks_[block.place] = {block, uses_.begin()};
  size_bytes_ += device_bytes(block);
  while (!uses_.empty() && (size_bytes_ > size_bytes_max_ || blocks_.size() > count_max_))
    out.push_back(take_out(blocks_.find(uses_.back())));
  return out;
}

bool CacheIndex::erase(const CachedBlock& block) {
  const auto found = blocks_.find(block.place);
  if (found == blocks_.end() || found->second.block.serial != block.serial) return false;
  take_out(found);
  return true;
}

std::vector<CachedBlock> CacheIndex::forget(const BlobDigest& blob) {
  std::vector<CachedBlock> out;
  auto at = blocks_.lower_bound({blob, 0});
  while (at != blocks_.end() && at->first.blob == blob) out.push_back(take_out(at++));
  return out;
}

}  // namespace spind
