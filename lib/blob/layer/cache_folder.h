// The files of a disk cache.
//
//   <folder>/lock           of the process that has it
//   <folder>/blocks/ab/...  a block each, named as cache_index.h tells
//   <folder>/tmp/17         a block that is being written; whatever lies here at open is removed
//
// A file holds, in the codec of lib/base:
//
//   u32 magic · u8 version · u8 last · u16 zero · u64 number · bytes name · bytes content
//   16 bytes XXH3-128 of all that precedes
//
// Nothing is synced when it is written: what a power cut leaves of a block is found by its
// checksum.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "blob/layer/cache_index.h"

namespace spind {

// Thread-safe.
class CacheFolder {
 public:
  // Borrows `files`. busy: somebody else has the folder.
  static Result<std::unique_ptr<CacheFolder>> open(Files& files, const std::string& folder,
                                                   unsigned block_bits);

  // Tells every block that is there, and removes what is none.
  Status each_block(const std::function<void(const CachedBlock&)>& found);

  // Writes a block to where nobody looks for it; publish() brings it to its place. What is in the
  // way of either is an error, and leaves nothing.
  Status prepare(const CachedBlock& block, std::string_view name, Bytes content);
  Status publish(const CachedBlock& block);
  void drop_prepared(const CachedBlock& block);

  // The block's content; corruption if it is not what was written for that blob, not_found.
  Result<std::vector<std::uint8_t>> read(const CachedBlock& block, std::string_view name);
  Status remove(const CachedBlock& block);
  // Makes the removal of blocks of this blob durable.
  Status sync_removals(const BlobDigest& blob);

 private:
  CacheFolder(Files& files, const std::string& folder, unsigned block_bits);
  Status check_own(const std::string& folder);
  Status prepare_folders(const std::string& folder);
  std::string tmp_path(const CachedBlock& block) const;
  std::string path(const CachedBlock& block) const;

  Files& files_;
  const std::string blocks_, tmp_;
  const unsigned block_bits_;
  std::vector<std::string> parts_;  // "00" to "ff"
  std::unique_ptr<FileLock> lock_;
};

}  // namespace spind
