// Keeps parts of the blobs below in a local folder.
//
// No answer may come from bytes that a change of the blob has passed. So each change (put, remove)
// forgets the blob's blocks before and after it, and moves its *moment* on both times; whoever
// reads notes the moment first, keeps a block only if it is still the same, and asks the store
// below where it is another one at the end, or where a change is under way. A put keeps its own
// bytes only if no other change came between. A blob has a moment for as long as a call looks at
// it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "blob/layer/blobs_over.h"
#include "blob/layer/cache_folder.h"
#include "spind/blob_layers.h"

namespace spind {

// Thread-safe.
class CachedBlobs final : public BlobsOver<BlobCache> {
 public:
  // Borrows `files` and `clock`.
  static Result<std::shared_ptr<CachedBlobs>> open(BlobStorePtr under,
                                                   const DiskCacheOptions& options, Files& files,
                                                   Clock& clock);

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Status put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                    const Interrupt& interrupt) override;
  Result<std::size_t> scatter_unless(std::string_view name, std::uint64_t offset,
                                     std::span<const std::span<std::uint8_t>> places,
                                     const Interrupt& interrupt) override;
  void will_read(std::string_view name, std::uint64_t offset, std::uint64_t size_bytes) override;
  void suspect(std::string_view name, const BlobJudge& judge, const Interrupt& interrupt) override;
  Status remove(std::string_view name) override;
  Status remove_all(std::span<const std::string> names) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;
  Result<std::vector<BlobListItem>> list_unless(std::string_view prefix, std::string_view after,
                                                std::size_t count_max,
                                                const Interrupt& interrupt) override;
  std::string metrics_text() const override;
  DiskCacheMetrics metrics() const override;
  void forget(std::string_view name) override;

 private:
  struct Moment {
    std::uint64_t number = 0;
    std::uint32_t changes = 0;  // that are under way
    std::uint32_t calls = 0;    // that look at it
  };
  using Moments = std::map<BlobDigest, Moment>;
  struct LookAway {
    CachedBlobs* cache;
    void operator()(Moments::value_type* moment) const { cache->look_away(*moment); }
  };
  // A blob as one call sees it.
  struct Seen {
    std::string_view name;
    BlobDigest digest{};
    std::uint64_t moment = 0;
    bool changing = false;
    std::unique_ptr<Moments::value_type, LookAway> looked_at;
  };
  struct Block {
    std::vector<std::uint8_t> bytes{};
    bool last = false;
  };

  CachedBlobs(BlobStorePtr under, const DiskCacheOptions& options, Clock& clock,
              std::unique_ptr<CacheFolder> folder);
  Status load();

  Seen look_at(std::string_view name);
  bool unchanged(const Seen& blob);
  void look_away(Moments::value_type& moment);
  Seen begin_change(std::string_view name);
  // Makes it the blob as it is from now on.
  void end_change(Seen& blob);
  void remove_forgotten(const BlobDigest& digest, const std::vector<CachedBlock>& blocks);

  std::optional<Block> cached(const Seen& blob, std::uint64_t number);
  bool ends_before(const Seen& blob, std::uint64_t number);
  std::size_t missing_from(const Seen& blob, std::uint64_t number, std::size_t count_max);
  void keep(const Seen& blob, std::uint64_t number, Bytes content, bool last);
  void keep_all(const Seen& blob, std::uint64_t number, Bytes content, bool ends);

  std::optional<std::vector<std::uint8_t>> whole(const Seen& blob, std::uint64_t size_bytes_max);
  Result<std::vector<std::uint8_t>> fetch(const Seen& blob, std::uint64_t number, std::size_t count,
                                          std::uint64_t wanted_bytes, const Interrupt& interrupt);
  Status expect_end(const Seen& blob, std::uint64_t size_bytes);
  // Whether a block answers a read of it that begins there and wants so much.
  bool serves(const Block& block, std::uint64_t begin, std::size_t wanted_bytes) const;
  Result<std::size_t> range_unless(std::string_view name, std::uint64_t offset,
                                   std::span<std::uint8_t> out, const Interrupt& interrupt);
  Result<std::size_t> fill(const Seen& blob, std::uint64_t offset, std::span<std::uint8_t> out,
                           const Interrupt& interrupt);

  void drop(const std::vector<CachedBlock>& blocks);
  void device_failed();
  bool device_rests();

  Clock& clock_;
  const std::unique_ptr<CacheFolder> folder_;
  const std::uint64_t block_bytes_;
  const bool keep_puts_;

  mutable std::mutex mutex_;
  CacheIndex index_;
  Moments moments_{};

  std::atomic<std::uint64_t> next_serial_{1};
  std::atomic<std::int64_t> resting_until_ns_;
  std::atomic<std::uint64_t> hit_blocks_{0}, missed_blocks_{0}, hit_bytes_{0}, fetched_bytes_{0},
      evicted_blocks_{0}, damaged_blocks_{0}, failures_{0};
};

}  // namespace spind
