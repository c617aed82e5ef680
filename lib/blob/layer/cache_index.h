// What a disk cache holds, in memory: which blocks of which blobs, and which of them was used last.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spind {

using BlobDigest = std::array<std::uint8_t, 16>;  // XXH3-128 of a blob's name

struct BlockPlace {
  BlobDigest blob{};
  std::uint64_t number = 0;  // it begins at number * block_bytes
  auto operator<=>(const BlockPlace&) const = default;
};

struct CachedBlock {
  BlockPlace place{};
  std::uint64_t serial = 0;  // no two files of a cache have the same
  std::uint32_t size_bytes =
      0;              // less than a whole block: the rest is not known, unless it is last
  bool last = false;  // the blob ends with it
};

// Where a block lies below the folder of blocks, "ab/<digest>-<number>-<size>-<serial>-<bits>",
// `bits` being the binary logarithm of a block's size, and ".last" behind it if the blob ends with
// it. So what is there can be told from the names alone.
std::string path_of(const CachedBlock& block, unsigned block_bits);
// Nothing if it is no such path, or one of a cache with other blocks.
std::optional<CachedBlock> block_at(std::string_view path, unsigned block_bits);

// One thread at a time.
class CacheIndex {
 public:
  CacheIndex(std::uint64_t size_bytes_max, std::uint64_t memory_bytes_max);

  // And notes that it was used.
  std::optional<CachedBlock> find(const BlockPlace& place);
  bool contains(const BlockPlace& place) const { return blocks_.contains(place); }
  // Whether all of a blob is here, from its first block to its last.
  bool contains_all(const BlobDigest& blob) const;
  // Whether the blob is known to end before that place.
  bool ends_before(const BlockPlace& place) const;
  // Answers what has to go for it: the block that was in its place, and those that were not used
  // for the longest time.
  std::vector<CachedBlock> insert(const CachedBlock& block);
  // Whether it was still there.
  bool erase(const CachedBlock& block);
  // All blocks of a blob, which are no longer here.
  std::vector<CachedBlock> forget(const BlobDigest& blob);

  std::uint64_t size_bytes() const { return size_bytes_; }
  std::size_t count() const { return blocks_.size(); }

 private:
  using Uses = std::list<BlockPlace>;  // the last one used is at the front
  struct Entry {
    CachedBlock block{};
    Uses::iterator use{};
  };
  using Blocks = std::map<BlockPlace, Entry>;
  CachedBlock take_out(Blocks::iterator found);

  const std::uint64_t size_bytes_max_;
  const std::size_t count_max_;
  Blocks blocks_;
  Uses uses_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace spind
