// The system's clock jumps.
#include <doctest/doctest.h>

#include "support/store/content.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr std::int64_t kDay_ns = 86'400 * kSecond_ns;
constexpr std::int64_t kYear_ns = 365 * kDay_ns;
constexpr std::int64_t kTo2099_ns = 75 * kYear_ns;

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

TEST_CASE("bad day: a clock that is ahead by a year ends no upload that still receives") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const Space space = store.make_space("clock");
  const std::string bytes = content(1, 3'000'000);
  const UploadId upload = space.start_upload("/file", bytes.size()).value().id;
  const UploadId idle = space.start_upload("/idle", 1).value().id;
  REQUIRE(space.append_upload(upload, 0, bytes.substr(0, 1'000'000)).ok());
  clock.jump(kYear_ns);
  REQUIRE(store.store().collect().ok());
  REQUIRE(space.upload(upload).ok());
  CHECK(space.upload(upload)->offset == 1'000'000);
  CHECK(space.uploads()->items.size() == 2);
  REQUIRE(space.append_upload(upload, 1'000'000, bytes.substr(1'000'000)).ok());
  REQUIRE(space.finish_upload(upload).ok());
  CHECK(*space.get("/file") == bytes);
  clock.jump(-kYear_ns);
  CHECK(space.upload(idle).ok());
  clock.advance(2 * kDay_ns);  // and then it is over, as ever
  CHECK(space.upload(idle).code() == Code::not_found);
  CHECK(space.uploads()->items.empty());
  CHECK(store.findings(true) == "");
}

TEST_CASE("bad day: a clock that is ahead by a year empties the trash of nothing that is young") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const Space space = store.make_space("clock");
  const EmptyTrashOptions month{.older_than = std::chrono::hours(24 * 30)};
  REQUIRE(space.put("/young", "x").ok());
  REQUIRE(space.remove("/young").ok());
  clock.jump(kYear_ns);
  const Result<TrashEmptied> emptied = space.empty_trash(month);
  REQUIRE(emptied.ok());
  CHECK(emptied->items == 0);
  CHECK(space.trash()->items.size() == 1);
  clock.jump(-kYear_ns);
  clock.advance(31 * kDay_ns);  // of which both clocks tell
  CHECK(space.empty_trash(month)->items == 1);
  CHECK(space.trash()->items.empty());
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
