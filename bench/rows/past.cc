// P18: a view of a space many changes back, and a rewind of them. Limits: two seconds for 100,000
// changes; and half of the changes, twice, so that the time grows with what came since and nothing
// else.
#include <fmt/format.h>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr std::uint64_t kChanges = 100'000, kFiles = 20'000, kAtOnce = 4'000;
constexpr double kSecondsMax = 2;

std::string place(std::uint64_t file) { return fmt::format("/{}/{}", file % 100, file); }

// A space of which a good part has changed: six of ten changes are new versions, two are new files,
// one moves a file and one removes one.
class ChangedSpace {
 public:
  explicit ChangedSpace(const Context& context)
      : folder_(context.folder, "past"), store_(folder_.path(), {.deferred = true}) {
    for (std::uint64_t i = 0; i < kFiles; ++i) {
      last_ = must(space().put(place(i), "before", {.make_parents = true}), "put").entry;
      wait(i);
    }
    before_ = last();
    for (std::uint64_t i = 0; last() < before_ + kChanges; ++i) {
      change(i);
      wait(i);
    }
    must(store_.session().wait(), "wait");
    store_.reopen();
  }

  const Space& space() const { return store_.space(); }
  EntryNumber last() const { return last_; }

  Sample look_back(std::uint64_t changes) {
    const EntryNumber entry = last() - changes;
    return timed(changes, [&] { must(space().at({.entry = entry}), "at"); });
  }
  // There and, untimed, back again.
  Sample rewind(std::uint64_t changes) {
    const EntryNumber to = last() - changes;
    const Sample sample = timed(changes, [&] { go(to); });
    const EntryNumber undo = last() - 1;
    go(undo);
    return sample;
  }

 private:
  void change(std::uint64_t i) {
    const std::uint64_t file = i * 7919 % kFiles;
    const std::string other = fmt::format("/new/{}/{}", i % 100, i);
    const std::uint64_t kind = i % 10;
    Result<Written> done = kind < 6   ? space().put(place(file), fmt::format("version {}", i))
                           : kind < 8 ? space().put(other, "new", {.make_parents = true})
                           : kind < 9 ? space().move(place(file), other + "-moved")
                                      : space().remove(place(file));
    if (done.ok()) last_ = done->entry;
    // Gone by an earlier move or removal.
    if (!done.ok() && done.code() != Code::not_found) must(std::move(done), "change");
  }
  void go(EntryNumber to) {
    last_ = must(space().rewind({.entry = to}), "rewind").entry;
    must(store_.session().wait(), "wait");
  }
  void wait(std::uint64_t done) const {
    if (done % kAtOnce == 0) must(store_.session().wait(), "wait");
  }
  static Sample timed(std::uint64_t changes, const std::function<void()>& what) {
    const double begin = seconds_now();
    what();
    return {.rate = static_cast<double>(changes) / (seconds_now() - begin)};
  }

  ScratchFolder folder_;
  OurStore store_;
  EntryNumber before_ = 0, last_ = 0;
};

using Measure = Sample (ChangedSpace::*)(std::uint64_t changes);

Comparison compare_whole(const Context& context, Measure measure) {
  ChangedSpace changed(context);
  const Setting limit{"2 s", [] { return Sample{.rate = kChanges / kSecondsMax}; }};
  Comparison result =
      side_by_side(context.plan, [&] { return (changed.*measure)(kChanges); }, {limit});
  result.note = fmt::format("{} changes; the limit is a rate that was asked for", kChanges);
  return result;
}

Comparison compare_half(const Context& context, Measure measure) {
  ChangedSpace changed(context);
  const Setting half{"half of the changes", [&] { return (changed.*measure)(kChanges / 2); }};
  Comparison result =
      side_by_side(context.plan, [&] { return (changed.*measure)(kChanges); }, {half});
  result.note = fmt::format("changes a second at {} against {}", kChanges, kChanges / 2);
  return result;
}

Row row(std::string id, std::string what, double goal,
        Comparison (*compare)(const Context&, Measure), Measure measure) {
  return {.id = std::move(id),
          .what = std::move(what),
          .unit = "changes/s",
          .goal = goal,
          .run = [=](const Context& context) { return compare(context, measure); }};
}

}  // namespace

std::vector<Row> past_rows() {
  return {row("P18.view", "view of a space 100,000 changes back", 1, compare_whole,
              &ChangedSpace::look_back),
          row("P18.rewind", "rewind of 100,000 changes", 1, compare_whole, &ChangedSpace::rewind),
          row("P18.view-half", "view: the same rate with half the changes", 0.8, compare_half,
              &ChangedSpace::look_back),
          row("P18.rewind-half", "rewind: the same rate with half the changes", 0.8, compare_half,
              &ChangedSpace::rewind)};
}

}  // namespace spind::bench
