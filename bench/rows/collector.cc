// P15: creates beside a collector that removes objects at full speed, in a folder and in a bucket.
// Limit: the same creates while the store rests. Compared are the calls a second that one thread
// would make if each took as long as the median.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "bucket.h"
#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr unsigned kThreads = 4, kWriters = 8;
constexpr std::uint64_t kObjects = 2'000;  // removed in one run
constexpr int kPassesMax = 10;
constexpr std::size_t kFileBytes = (1u << 20) + 1;  // what is larger than 1 MiB is an object
constexpr std::size_t kHeadBytes = 4096, kCreateBytes = 4096;

class CollectedStore {
 public:
  CollectedStore(const Context& context, bool in_bucket)
      : context_(context), folder_(context.folder, "collected") {
    if (in_bucket) prefix_.emplace(context.bucket);
    store_.emplace(folder_.path() / "store",
                   OurOptions{.spaces = 2,
                              .blobs = prefix_ ? prefix_->blobs() : std::shared_ptr<BlobStore>()});
    SpaceChange policies;
    policies.trash = TrashPolicy{0};
    must(fading().update(policies), "set policies");
  }

  Sample resting() {
    lay_out();
    settle_disk(folder_.path());
    const Sample sample = create();
    collect();
    return sample;
  }

  // While there is something to remove, and no longer.
  Sample busy() {
    lay_out();
    settle_disk(folder_.path());
    std::atomic<bool> over{false};
    std::thread collector([&] {
      collect();
      over = true;
    });
    const Sample sample = create(&over);
    collector.join();
    return sample;
  }

  double removed_a_second() const { return static_cast<double>(removed_) / seconds_; }

 private:
  const Space& fading() const { return store_->spaces().back(); }

  // Objects whose names nothing holds any more. All but their heads is zeros, which take no room:
  // it is their number that costs.
  void lay_out() {
    ++round_;
    const std::string folder = fmt::format("/{}", round_);
    must(fading().make_folder(folder), "make folder");
    std::atomic<std::uint64_t> next = 0;
    std::vector<std::jthread> writers;
    for (unsigned writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&] {
        std::vector<std::uint8_t> room, bytes(kFileBytes);
        for (std::uint64_t i = 0; (i = next.fetch_add(1)) < kObjects;) {
          const auto head = bytes_.slice(round_ << 32 | i, kHeadBytes, room);
          std::copy(head.begin(), head.end(), bytes.begin());
          must(fading().put(fmt::format("{}/{}", folder, i), bytes), "put");
        }
      });
    }
    writers.clear();
    must(fading().remove(folder), "remove");
  }

  Sample create(const std::atomic<bool>* over = nullptr) {
    const std::string folder = fmt::format("/{}", round_);
    const NodeId into = must(store_->space().make_folder(folder), "make folder").node;
    return run_load(
        {.threads = kThreads, .seconds = context_.seconds, .over = over},
        [&](unsigned thread, std::uint64_t n) {
          thread_local std::vector<std::uint8_t> room;
          const auto content = bytes_.slice(std::uint64_t{thread} << 40 | n, kCreateBytes, room);
          must(store_->space().put(Ref::below(into, fmt::format("{}-{}", thread, n)), content),
               "create");
        });
  }

  void collect() {
    CollectOptions options{.grace = std::chrono::seconds(0)};
    options.forget = fading().id();
    const double begin = seconds_now();
    std::uint64_t removed = 0;
    for (int pass = 0; removed < kObjects; ++pass) {
      if (pass == kPassesMax) give_up("collect", "it leaves what nothing refers to");
      removed += must(store_->store().collect(options), "collect").removed;
    }
    seconds_ += seconds_now() - begin;
    removed_ += removed;
  }

  const Context& context_;
  const ScratchFolder folder_;
  std::optional<Prefix> prefix_;
  std::optional<OurStore> store_;
  const RandomBytes bytes_{15};
  std::uint64_t round_ = 0, removed_ = 0;
  double seconds_ = 0;
};

double calls_a_second(double call_ms) { return call_ms > 0 ? 1000 / call_ms : 0; }

Comparison compare(const Context& context, bool in_bucket) {
  CollectedStore store(context, in_bucket);
  const auto by_median = [](Sample sample) {
    sample.rate = calls_a_second(sample.p50_ms);
    return sample;
  };
  Comparison result =
      side_by_side(context.plan, [&] { return by_median(store.busy()); },
                   {{"the store rests", [&] { return by_median(store.resting()); }}});
  result.note = fmt::format("{} threads; {:.0f} objects removed a second", kThreads,
                            store.removed_a_second());
  return result;
}

Row row(std::string id, std::string where, bool in_bucket) {
  return {.id = std::move(id),
          .what = "create of 4 KiB beside a collector, median; objects in " + where,
          .unit = "calls/s",
          .goal = 1 / 1.2,
          .run = [=](const Context& context) { return compare(context, in_bucket); },
          .in_bucket = in_bucket};
}

}  // namespace

std::vector<Row> collector_rows() {
  return {row("P15.posix", "a folder", false), row("P15.s3", "a bucket", true)};
}

}  // namespace spind::bench
