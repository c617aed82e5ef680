// Many threads on overlapping subtrees: each space behaves as if it did one thing at a time.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "concurrency/linearize.h"
#include "support/store/content.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::uint32_t kThreads = 6;
constexpr std::uint32_t kEventsPerThread = 60;

// Looks after the store as a host does, while it is in use.
class Caretaker {
 public:
  explicit Caretaker(Store& store) : thread_([this, &store] { look_after(store); }) {}
  ~Caretaker() { stop(); }

  std::string stop() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
    return wrong_;
  }

 private:
  void look_after(Store& store) {
    while (!done_) {
      const Result<CheckReport> checked = store.check();
      if (!checked.ok()) wrong_ += "check: " + checked.error().to_string() + "\n";
      if (checked.ok() && checked->findings_total != 0)
        wrong_ += "check: " + checked->findings.front().text + "\n";
      const Result<ScrubReport> scrubbed = store.scrub();
      if (!scrubbed.ok()) wrong_ += "scrub: " + scrubbed.error().to_string() + "\n";
      if (scrubbed.ok() && scrubbed->findings_total != 0)
        wrong_ += "scrub: " + scrubbed->findings.front().text + "\n";
      const Result<CollectReport> collected = store.collect({.grace = std::chrono::seconds(0)});
      if (!collected.ok()) wrong_ += "collect: " + collected.error().to_string() + "\n";
    }
  }

  std::atomic<bool> done_{false};
  std::string wrong_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("concurrency: every history of a space is one of things done one after another") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    TestClock clock;
    TestStore store(engine, seams_with(clock));
    Caretaker caretaker(store.store());
    const std::uint64_t rounds = scaled(4, 40, 2'000);
    for (std::uint64_t round = 0; round < rounds; ++round) {
      CAPTURE(round);
      const Space space = store.make_space("round " + std::to_string(round));
      const ModelSpace before(space.info().value(), clock.wall_ns());
      const std::vector<Event> history =
          record_history(space, seed() + round, kThreads, kEventsPerThread);
      REQUIRE(contradiction(history, before, clock.wall_ns()) == "");
    }
    CHECK(caretaker.stop() == "");
    CHECK(store.findings() == "");
  }
}

namespace {

// Writes into the space, and lets its policies drop what they can, until it is not found.
std::string write_until_gone(const Space& space, const std::string& name) {
  for (std::uint64_t i = 0;; ++i) {
    const Result<Written> put = space.put("/" + name + "/" + std::to_string(i % 3),
                                          content(i % 5, 20'000), {.make_parents = true});
    if (put.code() == Code::not_found) return "";
    if (!put.ok()) return "put: " + put.error().to_string();
    if (i % 7 == 6) (void)space.remove("/" + name);
    if (i % 5 != 4) continue;
    const Result<VersionsThinned> thinned = space.thin_versions();
    if (!thinned.ok() && thinned.code() != Code::not_found)
      return "thin_versions: " + thinned.error().to_string();
  }
}

}  // namespace

TEST_CASE("concurrency: spaces are thinned, emptied, disabled and purged under their writers") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    TestStore store(engine);
    Caretaker caretaker(store.store());
    SpaceOptions options;
    options.floor.keep_ns = 0;
    options.trash.keep_ns = 0;
    options.versions = {.thinning = Thinning::count_and_age, .count_max = 1};
    const std::uint64_t rounds = scaled(10, 60, 1'000);
    for (std::uint64_t round = 0; round < rounds; ++round) {
      const Space space = store.session().create_space(options).value();
      std::vector<std::string> wrong(3);
      std::vector<std::thread> writers;
      for (std::size_t i = 0; i < wrong.size(); ++i)
        writers.emplace_back(
            [&, i] { wrong[i] = write_until_gone(space, "writer " + std::to_string(i)); });
      while (space.info()->entry < 60) std::this_thread::yield();
      REQUIRE(space.disable().ok());
      REQUIRE(space.purge().ok());
      for (std::thread& writer : writers) writer.join();
      for (const std::string& text : wrong) CHECK(text == "");
    }
    CHECK(caretaker.stop() == "");
    REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
    CHECK(store.findings(true) == "");
    CHECK(store.store().check()->spaces == 0);
    CHECK(store.store().check()->pieces == 0);
  }
}

TEST_CASE("concurrency: a history that contradicts itself is seen") {
  const ModelSpace before({.creator = "ada", .entry = 1, .visible = 1}, 5);
  const auto put = [](EntryNumber entry, VersionNumber version, std::uint64_t begin) {
    Event event{.request = {.verb = Verb::put, .ref = "/a", .size_bytes = 0},
                .answer = {},
                .begin = begin,
                .end = begin + 1};
    event.answer.written = {.node = 2, .version = version, .entry = entry};
    ModelSpace scratch({.creator = "ada"}, 5);
    event.answer.written.sha256 = scratch.change(event.request, 2, 5).answer.written.sha256;
    return event;
  };
  Event missing{.request = {.verb = Verb::stat, .ref = "/a"}, .answer = {}, .begin = 0, .end = 20};
  missing.answer.code = Code::not_found;

  CHECK(contradiction({put(2, 1, 2), put(3, 2, 4), missing}, before, 5) == "");
  CHECK(contradiction({put(2, 1, 4), put(3, 2, 2)}, before, 5) != "");  // against real time
  CHECK(contradiction({put(2, 1, 2), put(4, 2, 4)}, before, 5) != "");  // an entry is missing
  CHECK(contradiction({put(2, 1, 2), put(3, 1, 4)}, before, 5) != "");  // a lost update
  missing.begin = 6;
  CHECK(contradiction({put(2, 1, 2), put(3, 2, 4), missing}, before, 5) != "");  // a stale read
  Event rewound{.request = {}, .answer = {}, .begin = 4, .end = 5, .rewind_to = 1};
  rewound.answer.written = {.node = kRootNode, .entry = 3};
  CHECK(contradiction({put(2, 1, 2), rewound, missing}, before, 5) == "");
  missing.begin = 3, missing.end = 3;
  CHECK(contradiction({put(2, 1, 1), rewound, missing}, before, 5) != "");  // too early
}

}  // namespace spind::test
