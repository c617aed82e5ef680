#include "blob/layer/cache_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"
#include "base/try.h"
#include "blob/blob_name.h"

namespace spind {
namespace {

constexpr std::uint32_t kBlockMagic = 0x62637073;  // "spcb"
constexpr std::uint8_t kBlockVersion = 1;
constexpr std::size_t kChecksumBytes = 16;
constexpr std::string_view kLockName = "lock";
// Head, name, lengths and checksum: what a file has beyond its content at most.
constexpr std::size_t kAroundContentMax = 4 + 4 + 8 + 2 + kBlobNameBytesMax + 5 + kChecksumBytes;

std::string block_file(const CachedBlock& block, std::string_view name, Bytes content) {
  std::string file;
  file.reserve(kAroundContentMax + content.size());
  Encoder(file)
      .u32(kBlockMagic)
      .u8(kBlockVersion)
      .u8(block.last ? 1 : 0)
      .u16(0)
      .u64(block.place.number)
      .bytes(name)
      .bytes(as_text(content));
  Encoder(file).raw(xxh3_128(as_bytes(file)));
  return file;
}

// The content in a file that is what was written for this block of this blob.
std::optional<std::string_view> content_of(std::string_view file, const CachedBlock& block,
                                           std::string_view name) {
  if (file.size() < kChecksumBytes) return std::nullopt;
  const std::string_view body = file.substr(0, file.size() - kChecksumBytes);
  const auto checksum = xxh3_128(as_bytes(body));
  if (as_text(checksum) != file.substr(body.size())) return std::nullopt;
  Decoder in(body);
  bool mine = in.u32() == kBlockMagic;
  mine &= in.u8() == kBlockVersion;
  mine &= in.u8() == (block.last ? 1 : 0);
  mine &= in.u16() == 0;
  mine &= in.u64() == block.place.number;
  mine &= in.bytes() == name;
  const std::string_view content = in.bytes();
  if (!in.finish() || !mine || content.size() != block.size_bytes) return std::nullopt;
  return content;
}

}  // namespace

CacheFolder::CacheFolder(Files& files, const std::string& folder, unsigned block_bits)
    : files_(files), blocks_(folder + "/blocks"), tmp_(folder + "/tmp"), block_bits_(block_bits) {
  for (unsigned part = 0; part < 256; ++part) parts_.push_back(fmt::format("{:02x}", part));
}

Result<std::unique_ptr<CacheFolder>> CacheFolder::open(Files& files, const std::string& folder,
                                                       unsigned block_bits) {
  std::unique_ptr<CacheFolder> cache(new CacheFolder(files, folder, block_bits));
  SPIND_TRY(cache->prepare_folders(folder));
  return cache;
}

// What is not known here is removed when a cache opens, so it opens in no folder of others.
Status CacheFolder::check_own(const std::string& folder) {
  SPIND_TRY_ASSIGN(const std::vector<std::string> names, files_.list(folder));
  const bool begun = std::find(names.begin(), names.end(), kLockName) != names.end();
  const bool own = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return name == "lost+found" ||
           (begun && (name == kLockName || name == "blocks" || name == "tmp"));
  });
  if (own) return {};
  return Error{Code::invalid_argument, "the folder holds other files; choose an empty one", folder};
}

Status CacheFolder::prepare_folders(const std::string& folder) {
  if (folder.empty()) return Error{Code::invalid_argument, "no folder is given for the cache"};
  SPIND_TRY(files_.make_folder(folder));
  SPIND_TRY(check_own(folder));
  SPIND_TRY_ASSIGN(lock_, files_.lock(folder + '/' + std::string(kLockName)));
  SPIND_TRY(files_.make_folder(blocks_));
  SPIND_TRY(files_.make_folder(tmp_));
  for (const std::string& part : parts_) SPIND_TRY(files_.make_folder(blocks_ + '/' + part));
  SPIND_TRY_ASSIGN(const std::vector<std::string> left_over, files_.list(tmp_));
  for (const std::string& name : left_over) SPIND_TRY(files_.remove(tmp_ + '/' + name));
  return {};
}

Status CacheFolder::each_block(const std::function<void(const CachedBlock&)>& found) {
  for (const std::string& part : parts_) {
    SPIND_TRY_ASSIGN(const std::vector<std::string> names, files_.list(blocks_ + '/' + part));
    for (const std::string& name : names) {
      const std::string path = part + '/' + name;
      if (const auto block = block_at(path, block_bits_))
        found(*block);
      else
        (void)files_.remove(blocks_ + '/' + path);  // it is in nobody's way
    }
  }
  return {};
}

std::string CacheFolder::tmp_path(const CachedBlock& block) const {
  return tmp_ + '/' + std::to_string(block.serial);
}

std::string CacheFolder::path(const CachedBlock& block) const {
  return blocks_ + '/' + path_of(block, block_bits_);
}

Status CacheFolder::prepare(const CachedBlock& block, std::string_view name, Bytes content) {
  const std::string file_bytes = block_file(block, name, content);
  const auto write = [&]() -> Status {
    SPIND_TRY_ASSIGN(const std::unique_ptr<File> file,
                     files_.open(tmp_path(block), OpenMode::create_new));
    return file->append(as_bytes(file_bytes));
  };
  Status written = write();
  if (!written.ok()) drop_prepared(block);
  return written;
}

Status CacheFolder::publish(const CachedBlock& block) {
  Status renamed = files_.rename(tmp_path(block), path(block));
  if (!renamed.ok()) drop_prepared(block);
  return renamed;
}

void CacheFolder::drop_prepared(const CachedBlock& block) {
  (void)files_.remove(tmp_path(block));  // else the next open does it
}

Result<std::vector<std::uint8_t>> CacheFolder::read(const CachedBlock& block,
                                                    std::string_view name) {
  const auto file = read_file(files_, path(block), block.size_bytes + kAroundContentMax);
  if (!file.ok() && file.code() != Code::limit_exceeded) return file.error();
  const auto content = file.ok() ? content_of(*file, block, name) : std::nullopt;
  if (!content) return Error{Code::corruption, "a cached block is damaged", path(block)};
  const Bytes bytes = as_bytes(*content);
  return std::vector<std::uint8_t>(bytes.begin(), bytes.end());
}

Status CacheFolder::remove(const CachedBlock& block) {
  Status removed = files_.remove(path(block));
  if (removed.code() == Code::not_found) return {};
  return removed;
}

Status CacheFolder::sync_removals(const BlobDigest& blob) {
  return files_.sync_folder(blocks_ + '/' + parts_[blob[0]]);
}

}  // namespace spind
