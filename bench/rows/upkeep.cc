// P19: creates beside a store that thins versions, collects and rewrites packs at full speed.
// Limit: the same creates while it rests. Compared are the calls a second that one thread would
// make if each took as long as the median, or as the 99th percentile.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr unsigned kThreads = 4, kLengths = 3;  // so that a whole collection has room
constexpr std::uint64_t kFiles = 1'500, kVersions = 3, kAtOnce = 500;
constexpr std::size_t kFileBytes = 64 << 10, kCreateBytes = 4096;

// What collections did in all runs.
struct Kept {
  std::uint64_t thinned = 0, removed = 0, moved_bytes = 0;
};

// One space in which files are created, and one that loses most of what it holds.
class KeptStore {
 public:
  explicit KeptStore(const Context& context)
      : context_(context), folder_(context.folder, "kept"), store_(folder_.path(), {.spaces = 2}) {
    SpaceChange policies;
    policies.trash = TrashPolicy{0};
    policies.versions = VersionPolicy{.thinning = Thinning::count_and_age, .count_max = 1};
    must(fading().update(policies), "set policies");
  }

  Sample resting() {
    lay_out();
    settle_disk(folder_.path());
    return create();
  }

  Sample busy() {
    lay_out();
    settle_disk(folder_.path());
    std::atomic<bool> enough{false};
    std::thread upkeep([&] {
      do collect();
      while (!enough);
    });
    const Sample sample = create();
    enough = true;
    upkeep.join();
    return sample;
  }

  const Kept& kept() const { return kept_; }

 private:
  const Space& fading() const { return store_.spaces().back(); }

  // Packs of which a sixth stays: of three versions two go, and every second file.
  void lay_out() {
    ++round_;
    const Session many =
        must(store_.store().session({.user = "bench", .deferred = true}), "session");
    const Space space = must(many.space(fading().id()), "space");
    std::vector<std::uint8_t> room;
    for (std::uint64_t i = 0; i < kFiles * kVersions; ++i) {
      const auto content = bytes_.slice(next_content_++, kFileBytes, room);
      must(space.put(fmt::format("/{}/{}", round_, i % kFiles), content, {.make_parents = true}),
           "put");
      if (i % kAtOnce == 0) must(many.wait(), "wait");
    }
    for (std::uint64_t i = 0; i < kFiles; i += 2)
      must(space.remove(fmt::format("/{}/{}", round_, i)), "remove");
    must(many.wait(), "wait");
  }

  Sample create() {
    const std::string folder = fmt::format("/{}", round_);
    const NodeId into = must(store_.space().make_folder(folder), "make folder").node;
    return run_load(
        {.threads = kThreads, .seconds = kLengths * context_.seconds},
        [&](unsigned thread, std::uint64_t n) {
          thread_local std::vector<std::uint8_t> room;
          const auto content = bytes_.slice(std::uint64_t{thread} << 40 | n, kCreateBytes, room);
          must(store_.space().put(Ref::below(into, fmt::format("{}-{}", thread, n)), content),
               "create");
        });
  }

  void collect() {
    CollectOptions options{.grace = std::chrono::seconds(0)};
    options.forget = fading().id();
    options.rewrite_rate_bytes = 0;
    const CollectReport done = must(store_.store().collect(options), "collect");
    kept_.thinned += done.thinned;
    kept_.removed += done.removed;
    kept_.moved_bytes += done.moved_bytes;
  }

  const Context& context_;
  ScratchFolder folder_;
  OurStore store_;
  const RandomBytes bytes_{19};
  std::uint64_t round_ = 0, next_content_ = std::uint64_t{1} << 50;
  Kept kept_;
};

double calls_a_second(double call_ms) { return call_ms > 0 ? 1000 / call_ms : 0; }

Row row(std::string id, std::string what, double goal, double Sample::*call_ms) {
  const auto compare = [call_ms](const Context& context) {
    KeptStore store(context);
    const auto only = [call_ms](Sample sample) {
      sample.rate = calls_a_second(sample.*call_ms);
      return sample;
    };
    const Setting resting{"the store rests", [&] { return only(store.resting()); }};
    Comparison result = side_by_side(context.plan, [&] { return only(store.busy()); }, {resting});
    result.note = fmt::format(
        "{} threads; collections meanwhile thinned {} versions, removed {} pieces and moved {} MiB "
        "out of packs",
        kThreads, store.kept().thinned, store.kept().removed, store.kept().moved_bytes >> 20);
    return result;
  };
  return {.id = std::move(id),
          .what = std::move(what),
          .unit = "calls/s",
          .goal = goal,
          .run = compare};
}

}  // namespace

std::vector<Row> upkeep_rows() {
  return {row("P19.p50", "create beside upkeep at full speed, median", 1 / 1.2, &Sample::p50_ms),
          row("P19.p99", "create beside upkeep at full speed, p99", 1 / 2.0, &Sample::p99_ms)};
}

}  // namespace spind::bench
