// The system's clock jumps.
#include <doctest/doctest.h>

#include "support/store/content.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr std::int64_t kDay_ns = 86'400 * kSecond_ns;
constexpr std::int64_t kTo2099_ns = 75 * 365 * kDay_ns;

}  // namespace

TEST_CASE("bad day: a clock that goes back stops nothing, and time in a space never does") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const Space space = store.make_space("clock");
  for (const std::int64_t jump : {-kDay_ns, kTo2099_ns, -kTo2099_ns, -100 * kDay_ns}) {
    clock.jump(jump);
    REQUIRE(space.put("/file", std::to_string(jump)).ok());
    CHECK(*space.get("/file") == std::to_string(jump));
    CHECK(store.findings() == "");  // which compares the times of the entries
  }
  CHECK(space.stat("/file")->version == 4);
}

TEST_CASE("bad day: a clock that jumps to 2099 and back removes nothing that is young") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const Space space = store.make_space("clock");
  {
    Writer given_up = space.writer("/given up").value();
    REQUIRE(given_up.write(content(2, 12'000'000)).ok());
  }
  const std::string bytes = content(1, 3'000'000);
  Writer writing = space.writer("/written").value();
  REQUIRE(writing.write(bytes).ok());
  const CollectOptions day{.grace = std::chrono::hours(24)};
  for (const std::int64_t jump : {kTo2099_ns, -kTo2099_ns}) {
    clock.jump(jump);
    const Result<CollectReport> report = store.store().collect(day);
    REQUIRE(report.ok());
    CHECK(report->removed == 0);
  }
  REQUIRE(writing.commit().ok());
  CHECK(*space.get("/written") == bytes);
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: a clock that jumps to 2099 and back lets policies drop nothing that is young") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const Space space = store.make_space("clock");
  const VersionPolicy day{.thinning = Thinning::count_and_age, .keep_ns = kDay_ns};
  for (const VersionPolicy& policy : {day, VersionPolicy{.thinning = Thinning::automatic}}) {
    REQUIRE(space.update({.trash = TrashPolicy{kDay_ns}, .versions = policy}).ok());
    for (const std::int64_t jump : {kTo2099_ns, -kTo2099_ns, std::int64_t{0}}) {
      clock.jump(jump);
      for (int i = 0; i < 3; ++i) REQUIRE(space.put("/file", std::to_string(jump)).ok());
      REQUIRE(space.put("/gone", "x").ok());
      REQUIRE(space.remove("/gone").ok());
      const Result<CollectReport> report = store.store().collect();
      REQUIRE(report.ok());
      CHECK(report->trash_items == 0);
      CHECK(report->thinned == 0);
    }
  }
  CHECK(space.versions("/file")->items.size() == 18);
  CHECK(store.findings() == "");
}

TEST_CASE("bad day: deadlines do not follow the wall clock") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  REQUIRE(store.make_space("clock").put("/file", "x").ok());
  SessionOptions options{.user = "ada"};
  options.timeout = std::chrono::seconds(10);
  const Session session = store.store().session(options).value();
  const Space space = session.space_by_alias("clock").value();
  clock.jump(kTo2099_ns);
  CHECK(space.stat("/file").ok());
  clock.jump(-2 * kTo2099_ns / 3);
  CHECK(space.put("/file", "y").ok());
  clock.advance(11 * kSecond_ns);
  CHECK(space.stat("/file").code() == Code::deadline_exceeded);
  CHECK(store.space("clock").stat("/file").ok());
}

}  // namespace spind::test
