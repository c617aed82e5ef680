#include "blob/layer/cached_blobs.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/hash.h"
#include "base/try.h"
#include "blob/blob_name.h"
#include "blob/scatter.h"

namespace spind {
namespace {

constexpr std::uint32_t kBlockBytesMin = 4u << 10, kBlockBytesMax = 8u << 20;
constexpr std::uint64_t kFetchBytesMax = 8u << 20;  // what one request to the store below asks for
// A device that failed is left alone for so long, so that each request does not wait for it again.
constexpr std::int64_t kDeviceRestNs = 1'000'000'000;
// Beyond it no blob ends, and sums of it with sizes in memory are still numbers.
constexpr std::uint64_t kCachedOffsetMax = std::uint64_t{1} << 62;

}  // namespace

CachedBlobs::CachedBlobs(BlobStorePtr under, const DiskCacheOptions& options, Clock& clock,
                         std::unique_ptr<CacheFolder> folder)
    : BlobsOver(std::move(under)),
      clock_(clock),
      folder_(std::move(folder)),
      block_bytes_(options.block_bytes),
      keep_puts_(options.keep_puts),
      index_(options.size_bytes_max, options.memory_bytes_max),
      resting_until_ns_(clock.monotonic_ns()) {}

Result<std::shared_ptr<CachedBlobs>> CachedBlobs::open(BlobStorePtr under,
                                                       const DiskCacheOptions& options,
                                                       Files& files, Clock& clock) {
  if (under == nullptr)
    return Error{Code::invalid_argument, "a cache needs a store that it is a cache of"};
  if (!std::has_single_bit(options.block_bytes) || options.block_bytes < kBlockBytesMin ||
      options.block_bytes > kBlockBytesMax)
    return Error{Code::invalid_argument,
                 "a block of the cache is a power of two from 4 KiB to 8 MiB"};
  const auto bits = static_cast<unsigned>(std::countr_zero(options.block_bytes));
  SPIND_TRY_ASSIGN(auto folder, CacheFolder::open(files, options.folder, bits));
  std::shared_ptr<CachedBlobs> cache(
      new CachedBlobs(std::move(under), options, clock, std::move(folder)));
  SPIND_TRY(cache->load());
  return cache;
}

Status CachedBlobs::load() {
  std::uint64_t serial_max = 0;
  SPIND_TRY(folder_->each_block([&](const CachedBlock& block) {
    serial_max = std::max(serial_max, block.serial);
    const std::vector<CachedBlock> evicted = index_.insert(block);
    evicted_blocks_ += evicted.size();
    drop(evicted);
  }));
  next_serial_ = serial_max + 1;
  return {};
}

CachedBlobs::Seen CachedBlobs::look_at(std::string_view name) {
  const BlobDigest digest = xxh3_128(as_bytes(name));
  const std::lock_guard lock(mutex_);
  Moments::value_type& looked_at = *moments_.try_emplace(digest).first;
  Moment& moment = looked_at.second;
  ++moment.calls;
  return {name, digest, moment.number, moment.changes > 0, {&looked_at, LookAway{this}}};
}

void CachedBlobs::look_away(Moments::value_type& moment) {
  const std::lock_guard lock(mutex_);
  if (--moment.second.calls == 0) moments_.erase(moment.first);
}

bool CachedBlobs::unchanged(const Seen& blob) {
  const std::lock_guard lock(mutex_);
  return blob.looked_at->second.number == blob.moment;
}

CachedBlobs::Seen CachedBlobs::begin_change(std::string_view name) {
  Seen blob = look_at(name);
  std::vector<CachedBlock> forgotten;
  {
    const std::lock_guard lock(mutex_);
    Moment& moment = blob.looked_at->second;
    blob.moment = ++moment.number;
    ++moment.changes;
    forgotten = index_.forget(blob.digest);
  }
  remove_forgotten(blob.digest, forgotten);
  return blob;
}

void CachedBlobs::end_change(Seen& blob) {
  std::vector<CachedBlock> forgotten;
  {
    const std::lock_guard lock(mutex_);
    Moment& moment = blob.looked_at->second;
    blob.moment = ++moment.number;
    blob.changing = --moment.changes > 0;
    forgotten = index_.forget(blob.digest);
  }
  remove_forgotten(blob.digest, forgotten);
}

void CachedBlobs::remove_forgotten(const BlobDigest& digest,
                                   const std::vector<CachedBlock>& blocks) {
  if (blocks.empty()) return;
  for (const CachedBlock& block : blocks) {
    if (!folder_->remove(block).ok()) device_failed();
  }
  // A power cut must not bring them back either.
  if (!folder_->sync_removals(digest).ok()) device_failed();
}

void CachedBlobs::drop(const std::vector<CachedBlock>& blocks) {
  for (const CachedBlock& block : blocks) {
    if (!folder_->remove(block).ok()) device_failed();
  }
}

void CachedBlobs::device_failed() {
  ++failures_;
  resting_until_ns_ = clock_.monotonic_ns() + kDeviceRestNs;
}

bool CachedBlobs::device_rests() { return clock_.monotonic_ns() < resting_until_ns_; }

std::optional<CachedBlobs::Block> CachedBlobs::cached(const Seen& blob, std::uint64_t number) {
  if (device_rests()) return std::nullopt;
  std::optional<CachedBlock> found;
  {
    const std::lock_guard lock(mutex_);
    found = index_.find({blob.digest, number});
  }
  if (!found) return std::nullopt;
  auto bytes = folder_->read(*found, blob.name);
  if (bytes.ok()) return Block{std::move(*bytes), found->last};
  {
    const std::lock_guard lock(mutex_);
    if (!index_.erase(*found)) return std::nullopt;  // it was evicted or forgotten meanwhile
  }
  if (bytes.code() == Code::corruption) ++damaged_blocks_;
  if (bytes.code() != Code::corruption) device_failed();
  (void)folder_->remove(*found);
  return std::nullopt;
}

bool CachedBlobs::ends_before(const Seen& blob, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  return index_.ends_before({blob.digest, number});
}

std::size_t CachedBlobs::missing_from(const Seen& blob, std::uint64_t number,
                                      std::size_t count_max) {
  const std::lock_guard lock(mutex_);
  std::size_t count = 1;  // the first is missing, or too short
  while (count < count_max && !index_.contains({blob.digest, number + count})) ++count;
  return count;
}

void CachedBlobs::keep(const Seen& blob, std::uint64_t number, Bytes content, bool last) {
  if (device_rests() || blob.changing) return;
  const CachedBlock block{{blob.digest, number},
                          next_serial_.fetch_add(1),
                          static_cast<std::uint32_t>(content.size()),
                          last};
  if (!folder_->prepare(block, blob.name, content).ok()) return device_failed();
  std::vector<CachedBlock> evicted;
  {
    // A file has its name while the index has it, so that what a change forgets is all there is.
    const std::lock_guard lock(mutex_);
    if (blob.looked_at->second.number != blob.moment) return folder_->drop_prepared(block);
    if (!folder_->publish(block).ok()) return device_failed();
    evicted = index_.insert(block);
  }
  for (const CachedBlock& other : evicted) evicted_blocks_ += other.place == block.place ? 0 : 1;
  drop(evicted);
}

void CachedBlobs::keep_all(const Seen& blob, std::uint64_t number, Bytes content, bool ends) {
  if (content.empty() && ends && number == 0) return keep(blob, 0, {}, true);
  while (!content.empty()) {
    const Bytes block = content.first(std::min<std::size_t>(block_bytes_, content.size()));
    content = content.subspan(block.size());
    keep(blob, number++, block, ends && content.empty());
  }
}

Status CachedBlobs::expect_end(const Seen& blob, std::uint64_t size_bytes) {
  // A transfer that was cut looks like a blob that ends there. Passed on, that is gone with the
  // next request; kept here, it would stay. Another read may be cut as well: so the store is asked
  // how large the blob is, once for each end that is kept.
  SPIND_TRY_ASSIGN(const std::vector<BlobListItem> found, under_->list(blob.name, "", 1));
  if (found.empty() || found[0].name != blob.name)
    return Error{Code::not_found, "no such blob", std::string(blob.name)};
  if (found[0].size_bytes == size_bytes) return {};
  return Error{Code::io_error, "a read was cut short", std::string(blob.name)};
}

Result<std::vector<std::uint8_t>> CachedBlobs::fetch(const Seen& blob, std::uint64_t number,
                                                     std::size_t count, std::uint64_t wanted_bytes,
                                                     const Interrupt& interrupt) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count * block_bytes_));
  const std::span<std::uint8_t> place = bytes;
  SPIND_TRY_ASSIGN(const std::size_t got, under_->scatter_unless(blob.name, number * block_bytes_,
                                                                 std::span(&place, 1), interrupt));
  bytes.resize(got);
  missed_blocks_ += count;
  fetched_bytes_ += got;
  const bool ends = got < wanted_bytes;
  if (ends) SPIND_TRY(expect_end(blob, number * block_bytes_ + got));
  // Where nobody asked for more than there is, it is not known whether the blob ends there.
  keep_all(blob, number, bytes, ends);
  return bytes;
}

bool CachedBlobs::serves(const Block& block, std::uint64_t begin, std::size_t wanted_bytes) const {
  return block.last ||
         block.bytes.size() >= begin + std::min<std::uint64_t>(block_bytes_ - begin, wanted_bytes);
}

Result<std::size_t> CachedBlobs::fill(const Seen& blob, std::uint64_t offset,
                                      std::span<std::uint8_t> out, const Interrupt& interrupt) {
  std::size_t done = 0;
  const auto copy = [&](Bytes from, std::uint64_t begin) {
    const Bytes part = from.subspan(std::min<std::size_t>(begin, from.size()));
    const std::size_t count = std::min(out.size() - done, part.size());
    std::copy_n(part.data(), count, out.data() + done);
    done += count;
    return count;
  };
  while (done < out.size()) {
    const std::uint64_t number = (offset + done) / block_bytes_;
    const std::uint64_t begin = (offset + done) % block_bytes_;
    const auto block = cached(blob, number);
    if (block && serves(*block, begin, out.size() - done)) {
      ++hit_blocks_;
      hit_bytes_ += copy(block->bytes, begin);
      if (block->last) break;
      continue;
    }
    if (ends_before(blob, number)) break;
    std::uint64_t wanted = std::min<std::uint64_t>(begin + out.size() - done, kFetchBytesMax);
    const std::size_t count = missing_from(
        blob, number, static_cast<std::size_t>((wanted + block_bytes_ - 1) / block_bytes_));
    wanted = std::min(wanted, count * block_bytes_);
    SPIND_TRY_ASSIGN(const std::vector<std::uint8_t> bytes,
                     fetch(blob, number, count, wanted, interrupt));
    copy(bytes, begin);
    if (bytes.size() < wanted) break;
  }
  return done;
}

Result<std::size_t> CachedBlobs::range(std::string_view name, std::uint64_t offset,
                                       std::span<std::uint8_t> out) {
  return range_unless(name, offset, out, nullptr);
}

Result<std::size_t> CachedBlobs::scatter_unless(std::string_view name, std::uint64_t offset,
                                                std::span<const std::span<std::uint8_t>> places,
                                                const Interrupt& interrupt) {
  return scatter_by_range(places, [&](std::span<std::uint8_t> out) {
    return range_unless(name, offset, out, interrupt);
  });
}

Result<std::size_t> CachedBlobs::range_unless(std::string_view name, std::uint64_t offset,
                                              std::span<std::uint8_t> out,
                                              const Interrupt& interrupt) {
  SPIND_TRY(check_blob_name(name));
  const auto from_below = [&] {
    return under_->scatter_unless(name, offset, std::span(&out, 1), interrupt);
  };
  if (out.empty() || offset > kCachedOffsetMax) return from_below();
  const Seen blob = look_at(name);
  if (!blob.changing) {
    auto got = fill(blob, offset, out, interrupt);
    if (unchanged(blob)) return got;  // else parts may be of before the change, and parts of after
  }
  return from_below();
}

std::optional<std::vector<std::uint8_t>> CachedBlobs::whole(const Seen& blob,
                                                            std::uint64_t size_bytes_max) {
  {
    const std::lock_guard lock(mutex_);
    if (!index_.contains_all(blob.digest)) return std::nullopt;
  }
  std::vector<std::uint8_t> bytes;
  for (std::uint64_t number = 0;; ++number) {
    const auto block = cached(blob, number);
    if (!block || !serves(*block, 0, block_bytes_)) return std::nullopt;
    bytes.insert(bytes.end(), block->bytes.begin(), block->bytes.end());
    if (bytes.size() > size_bytes_max) return std::nullopt;
    if (!block->last) continue;
    hit_blocks_ += number + 1;
    hit_bytes_ += bytes.size();
    return bytes;
  }
}

Result<std::vector<std::uint8_t>> CachedBlobs::get(std::string_view name,
                                                   std::uint64_t size_bytes_max) {
  SPIND_TRY(check_blob_name(name));
  const Seen blob = look_at(name);
  if (blob.changing) return under_->get(name, size_bytes_max);
  if (auto bytes = whole(blob, size_bytes_max); bytes && unchanged(blob)) return *std::move(bytes);
  SPIND_TRY_ASSIGN(std::vector<std::uint8_t> bytes, under_->get(name, size_bytes_max));
  missed_blocks_ += bytes.size() / block_bytes_ + 1;
  fetched_bytes_ += bytes.size();
  if (device_rests() || !unchanged(blob)) return bytes;
  if (Status end = expect_end(blob, bytes.size()); !end.ok() && unchanged(blob))
    return std::move(end).error();
  keep_all(blob, 0, bytes, true);
  return bytes;
}

void CachedBlobs::will_read(std::string_view name, std::uint64_t offset, std::uint64_t size_bytes) {
  {
    const BlobDigest digest = xxh3_128(as_bytes(name));
    const std::lock_guard lock(mutex_);
    if (index_.contains({digest, offset / block_bytes_})) return;
  }
  under_->will_read(name, offset, size_bytes);
}

Status CachedBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  return put_unless(name, bytes, nullptr);
}

Status CachedBlobs::put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                               const Interrupt& interrupt) {
  SPIND_TRY(check_blob_name(name));
  Seen blob = begin_change(name);
  const std::uint64_t moment_before = blob.moment;
  Status done = under_->put_unless(name, bytes, interrupt);
  end_change(blob);
  // Another change that overlapped may have come to the store below before this one or after it.
  const bool alone = !blob.changing && blob.moment == moment_before + 1;
  if (done.ok() && keep_puts_ && alone) keep_all(blob, 0, bytes, true);
  return done;
}

Status CachedBlobs::remove(std::string_view name) {
  SPIND_TRY(check_blob_name(name));
  Seen blob = begin_change(name);
  Status done = under_->remove(name);
  end_change(blob);
  return done;
}

Status CachedBlobs::remove_all(std::span<const std::string> names) {
  for (const std::string& name : names) SPIND_TRY(check_blob_name(name));
  std::vector<Seen> during;
  during.reserve(names.size());
  for (const std::string& name : names) during.push_back(begin_change(name));
  Status done = under_->remove_all(names);
  for (Seen& blob : during) end_change(blob);
  return done;
}

void CachedBlobs::forget(std::string_view name) {
  Seen blob = begin_change(name);
  end_change(blob);
}

// In this order, so that what is read while it is mended below is not kept.
void CachedBlobs::suspect(std::string_view name, const BlobJudge& judge,
                          const Interrupt& interrupt) {
  under_->suspect(name, judge, interrupt);
  forget(name);
}

Result<std::vector<BlobListItem>> CachedBlobs::list(std::string_view prefix, std::string_view after,
                                                    std::size_t count_max) {
  return list_unless(prefix, after, count_max, nullptr);
}

Result<std::vector<BlobListItem>> CachedBlobs::list_unless(std::string_view prefix,
                                                           std::string_view after,
                                                           std::size_t count_max,
                                                           const Interrupt& interrupt) {
  return under_->list_unless(prefix, after, count_max, interrupt);
}

DiskCacheMetrics CachedBlobs::metrics() const {
  const std::lock_guard lock(mutex_);
  return {.hit_blocks = hit_blocks_,
          .missed_blocks = missed_blocks_,
          .hit_bytes = hit_bytes_,
          .fetched_bytes = fetched_bytes_,
          .evicted_blocks = evicted_blocks_,
          .damaged_blocks = damaged_blocks_,
          .failures = failures_,
          .blocks = index_.count(),
          .size_bytes = index_.size_bytes()};
}

Result<std::shared_ptr<BlobCache>> with_disk_cache(BlobStorePtr under,
                                                   const DiskCacheOptions& options) {
  SPIND_TRY_ASSIGN(std::shared_ptr<BlobCache> cache,
                   CachedBlobs::open(std::move(under), options, Files::system(), Clock::system()));
  return cache;
}

}  // namespace spind
