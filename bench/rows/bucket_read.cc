// P6r: reads out of a file of 1 GiB in a bucket: what they fetch for what they read, at random and
// in sequence; and how fast random ones are where a disk cache has the file.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "bucket.h"
#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "row.h"
#include "spind/blob_layers.h"

namespace spind::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBytes = 1ull << 30, kPageBytes = 4096;
constexpr std::size_t kReadBytes = 64u << 10;
constexpr unsigned kReads = 2'000;  // at random, in one run
constexpr double kFetchedMax = 5, kFetchedInSequenceMax = 1.3;

// A store whose bytes lie in the bucket, with a file in it, and what was fetched of it.
class FarFile {
 public:
  FarFile(const Context& context, const ScratchFolder& folder, bool cached)
      : prefix_(context.bucket),
        cache_folder_(folder.path() / "cache"),
        cache_(cached ? must(with_disk_cache(prefix_.blobs(), {.folder = cache_folder_.string()}),
                             "open the cache")
                      : nullptr),
        store_(folder.path() / "store",
               {.blobs = cached ? std::shared_ptr<BlobStore>(cache_) : prefix_.blobs()}) {
    const fs::path source = folder.path() / "source";
    write_random_file(source, kBytes, 7);
    must(store_.space().put_local_file("/big", source), "put");
    fs::remove(source);
  }

  Reader reader() const { return must(store_.space().reader("/big"), "open reader"); }
  std::uint64_t fetched_bytes() const { return prefix_.blobs()->usage().bytes_received; }
  // The next reads of the cache come from its device.
  void chill_cache() const { drop_cached(cache_folder_); }

 private:
  Prefix prefix_;
  const fs::path cache_folder_;
  std::shared_ptr<BlobCache> cache_;
  OurStore store_;
};

struct Reading {
  double read_bytes = 0, fetched_bytes = 0, seconds = 0;
  std::vector<double> reads_ms{};

  double p50_ms() const { return median(reads_ms); }
  // Of a hundred bytes that were fetched.
  Sample used() const { return {.rate = 100 * read_bytes / std::max(fetched_bytes, 1.0)}; }
  std::string said() const {
    return fmt::format("{:.2f} bytes fetched a byte read, {:.0f} MiB/s, median of a read {:.2f} ms",
                       fetched_bytes / read_bytes, read_bytes / seconds / 0x1p20, p50_ms());
  }
};

template <class ReadOne>
Reading read_many(const FarFile& file, std::uint64_t reads, ReadOne read_one) {
  Reading reading;
  std::vector<std::uint8_t> room(kReadBytes);
  const std::uint64_t fetched = file.fetched_bytes();
  const double begin = seconds_now();
  for (std::uint64_t i = 0; i < reads; ++i) {
    const double one = seconds_now();
    if (must(read_one(std::span(room)), "read") != kReadBytes) give_up("read", "it is short");
    reading.reads_ms.push_back(1000 * (seconds_now() - one));
  }
  reading.seconds = seconds_now() - begin;
  reading.read_bytes = static_cast<double>(reads * kReadBytes);
  reading.fetched_bytes = static_cast<double>(file.fetched_bytes() - fetched);
  return reading;
}

// At multiples of a page, which is how programs that map a file ask for it.
Reading read_at_random(const FarFile& file, std::uint64_t seed) {
  const Reader reader = file.reader();
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::uint64_t> page(0, (kBytes - kReadBytes) / kPageBytes);
  return read_many(file, kReads, [&](std::span<std::uint8_t> out) {
    return reader.read_at(page(random) * kPageBytes, out);
  });
}

Reading read_in_sequence(const FarFile& file) {
  Reader reader = file.reader();
  return read_many(file, kBytes / kReadBytes,
                   [&](std::span<std::uint8_t> out) { return reader.read(out); });
}

Comparison compare_fetched(const Context& context, double fetched_max,
                           const std::function<Reading(const FarFile&, std::uint64_t run)>& read) {
  const ScratchFolder folder(context.folder, "far-read");
  const FarFile file(context, folder, false);
  std::uint64_t run = 0;
  std::string said;
  const auto ours = [&] {
    const Reading reading = read(file, ++run);
    said = reading.said();
    return reading.used();
  };
  const Setting limit{fmt::format("at most {} bytes fetched a byte read", fetched_max),
                      [=] { return Sample{.rate = 100 / fetched_max}; }};
  Comparison result = side_by_side(context.plan, ours, {limit});
  result.note = fmt::format("reads of {} KiB by one thread; {}", kReadBytes >> 10, said);
  return result;
}

Comparison compare_cached(const Context& context) {
  const ScratchFolder far_folder(context.folder, "far-read"), folder(context.folder, "far-cached");
  const FarFile far(context, far_folder, false), cached(context, folder, true);
  // What was put through the cache is in it, but for a blob that was put beside another with the
  // same mark: so all is read once.
  (void)read_in_sequence(cached);
  std::uint64_t our_run = 0, other_run = 0;
  double fetched_bytes = 0;
  const auto rate = [](const Reading& reading) {
    return Sample{.rate = kReads / reading.seconds, .p50_ms = reading.p50_ms()};
  };
  const auto ours = [&] {
    cached.chill_cache();
    const Reading reading = read_at_random(cached, ++our_run);
    fetched_bytes += reading.fetched_bytes;
    return rate(reading);
  };
  Comparison result = side_by_side(
      context.plan, ours,
      {{"the same reads without a cache", [&] { return rate(read_at_random(far, ++other_run)); }}});
  result.held = fetched_bytes == 0;
  result.note = fmt::format(
      "the cache has all of the file, and reads it from the device; {:.0f} bytes were fetched "
      "beside "
      "it",
      fetched_bytes);
  return result;
}

}  // namespace

std::vector<Row> bucket_read_rows() {
  return {
      {.id = "P6r.cold",
       .what = "reads of 64 KiB at random, from a bucket",
       .unit = "% of what is fetched",
       .goal = 1,
       .run =
           [](const Context& context) {
             return compare_fetched(context, kFetchedMax, read_at_random);
           },
       .in_bucket = true},
      {.id = "P6r.sequence",
       .what = "reads of 64 KiB in sequence, from a bucket",
       .unit = "% of what is fetched",
       .goal = 1,
       .run =
           [](const Context& context) {
             return compare_fetched(
                 context, kFetchedInSequenceMax,
                 [](const FarFile& file, std::uint64_t) { return read_in_sequence(file); });
           },
       .in_bucket = true},
      {.id = "P6r.cached",
       .what = "reads of 64 KiB at random, from the disk cache",
       .unit = "reads/s",
       .goal = 1,
       .run = compare_cached,
       .in_bucket = true},
  };
}

}  // namespace spind::bench
