// Layers: each wraps a place for bytes (spind/blob_store.h), or several, and is one itself. They go
// over any store and over each other:
//
//   auto slow = spind::with_throttle(remote, {.write_bytes_a_second = 50 << 20});
//   auto blobs = spind::with_retry(slow);
//   auto cached = spind::with_disk_cache(blobs, {.folder = "/var/cache/spind"});
//   if (!cached.ok()) ...
//
// A layer keeps what is below, which is never null, alive. What each promises and costs, and how to
// stack them, is told in lib/blob/layer/README.md.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "spind/blob_store.h"
#include "spind/options.h"

namespace spind {

using BlobStorePtr = std::shared_ptr<BlobStore>;

// ---- retry
// ----------------------------------------------------------------------------------------

struct RetryOptions {
  std::uint32_t attempts_max = 5;  // of one call, the first included
  // Before the n-th retry passes a random time of up to wait_first * 2^(n-1), but not over
  // wait_max.
  std::chrono::milliseconds wait_first{100};
  std::chrono::milliseconds wait_max{10'000};
  // No attempt begins when so long has passed since the call began.
  std::chrono::milliseconds time_max{60'000};
  // What holds an outage from becoming a storm: all callers draw their retries from one reserve. A
  // call puts in `budget_a_call`, a second puts in one, and it never holds more than `reserve_max`.
  // Where it is empty the error is passed up at once.
  double budget_a_call = 0.1;
  double reserve_max = 50;
};

// Tries again after io_error, unavailable, busy and aborted; other errors are answers. Each call of
// the contract is safe to repeat.
SPIND_EXPORT BlobStorePtr with_retry(BlobStorePtr under, const RetryOptions& options = {});

// ---- throttle
// -------------------------------------------------------------------------------------

// 0: no limit.
struct ThrottleOptions {
  std::uint64_t read_bytes_a_second = 0;
  std::uint64_t write_bytes_a_second = 0;
  std::uint64_t requests_a_second = 0;
};

// Callers wait for their turn in the order in which they came; at most a tenth of a second's worth
// that nobody used is made up for.
SPIND_EXPORT BlobStorePtr with_throttle(BlobStorePtr under, const ThrottleOptions& options);

// ---- metrics
// --------------------------------------------------------------------------------------

// Counts the requests, their bytes and the time they take. Thread-safe.
class SPIND_EXPORT BlobMeter : public BlobStore {
 public:
  // Prometheus text: spind_blob_requests_total by kind and outcome, spind_blob_seconds by kind,
  // spind_blob_bytes_total by direction; all with the label store="<label>".
  virtual std::string metrics() const = 0;
};

// `label` tells several apart; what no label may hold is left out of it.
SPIND_EXPORT std::shared_ptr<BlobMeter> with_metrics(BlobStorePtr under,
                                                     std::string_view label = "blobs");

// ---- faults
// ---------------------------------------------------------------------------------------

// For tests of a host: how many of a thousand requests meet which trouble.
struct FaultOptions {
  std::uint64_t seed = 0;
  std::uint32_t errors = 0;        // refused before anything was done
  std::uint32_t lost_answers = 0;  // done, and yet answered by an error
  std::uint32_t delays = 0;        // done, after up to delay_max
  std::uint32_t cut_reads = 0;     // answers fewer bytes than there are, as if the blob ended there
  std::uint32_t rotten_reads = 0;  // one bit of what is read is another one
  std::uint32_t torn_puts = 0;     // leaves a part of the blob, and answers an error
  Code code = Code::unavailable;   // of the errors
  std::chrono::milliseconds delay_max{100};
};

enum class BlobFault : std::uint8_t { error, lost_answer, delay, cut_read, rotten_read, torn_put };
inline constexpr std::size_t kBlobFaults = 6;

// Thread-safe.
class SPIND_EXPORT FaultyBlobs : public BlobStore {
 public:
  // From now on; the random sequence goes on.
  virtual void set(const FaultOptions& options) = 0;
  // How often a fault happened since the store was made.
  virtual std::uint64_t fired(BlobFault fault) const = 0;
};

// A single thread meets the same faults for the same seed and requests.
SPIND_EXPORT std::shared_ptr<FaultyBlobs> with_faults(BlobStorePtr under,
                                                      const FaultOptions& options);

// ---- disk cache
// -----------------------------------------------------------------------------------

struct DiskCacheOptions {
  // Made if it is not there, in a folder that is. Of one cache at a time, and of nothing else: one
  // that holds other files is refused, since a cache removes what it does not know.
  std::string folder{};
  std::uint64_t size_bytes_max = 10ull << 30;    // on the device
  std::uint64_t memory_bytes_max = 32ull << 20;  // of the index: 1 MiB for about 5,000 blocks
  // What is fetched and kept as one: a power of two from 4 KiB to 8 MiB. A change of it empties the
  // cache.
  std::uint32_t block_bytes = 64u << 10;
  bool keep_puts = true;  // also keeps what is written through it
};

struct DiskCacheMetrics {
  std::uint64_t hit_blocks = 0, missed_blocks = 0;
  std::uint64_t hit_bytes = 0, fetched_bytes = 0;  // given out of the cache; read from below
  std::uint64_t evicted_blocks = 0;
  std::uint64_t damaged_blocks = 0;  // were not what had been written, and were dropped
  std::uint64_t failures = 0;        // of the cache's device; no request suffers from them
  std::uint64_t blocks = 0, size_bytes = 0;
};

// Parts of the blobs below, in a local folder. Thread-safe.
class SPIND_EXPORT BlobCache : public BlobStore {
 public:
  virtual DiskCacheMetrics metrics() const = 0;
  // Drops what is held of a blob, for whoever found its bytes to be wrong: they may have been
  // damaged on the way from below, which no checksum of the cache tells. The next read asks below
  // again.
  virtual void forget(std::string_view name) = 0;
};

// All changes of the store below have to go through it: what another removes may be answered from
// here until it is evicted. Errors: busy (another cache has the folder), invalid_argument,
// io_error, no_space.
SPIND_EXPORT Result<std::shared_ptr<BlobCache>> with_disk_cache(BlobStorePtr under,
                                                                const DiskCacheOptions& options);

}  // namespace spind
