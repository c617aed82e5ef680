// Versions as the public classes give them: listing, restoring, removing, pinning and labelling.
#include <doctest/doctest.h>

#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

struct VersionsFixture {
  TestStore store{MetadataEngine::memory};
  Space space = store.make_space("versions");

  void put(std::string_view bytes) { REQUIRE(space.put("/file", bytes).ok()); }
  std::vector<VersionInfo> versions() { return space.versions("/file").value().items; }
  std::string numbers() {
    std::string text;
    for (const VersionInfo& version : versions()) text += std::to_string(version.number) + " ";
    return text;
  }
};

TEST_CASE_FIXTURE(VersionsFixture,
                  "versions: the current one first, with all that is known of each") {
  REQUIRE(space.put("/file", "first", {.mtime_ns = 7, .checksums_wanted = kMd5}).ok());
  put("second, longer");
  const std::vector<VersionInfo> all = versions();
  REQUIRE(all.size() == 2);
  CHECK(all[0].number == 2);
  CHECK(all[0].current);
  CHECK(all[0].size_bytes == 14);
  CHECK(all[1].number == 1);
  CHECK_FALSE(all[1].current);
  CHECK(all[1].mtime_ns == 7);
  CHECK(all[1].author == "ada");
  CHECK(all[1].sha256 == sha256_of("first"));
  CHECK(all[1].checksums.md5.has_value());
  CHECK(all[1].written_ns > 0);
  CHECK_FALSE(all[1].pinned);
  CHECK(space.versions("/").code() == Code::is_a_folder);
  CHECK(space.versions("/none").code() == Code::not_found);
}

TEST_CASE_FIXTURE(VersionsFixture,
                  "versions: come in pages, which go on where the last one ended") {
  for (int i = 0; i < 10; ++i) put(std::to_string(i));
  REQUIRE(space.mark_version("/file", 4, {.pinned = true}).ok());
  REQUIRE(space.mark_version("/file", 10, {.label = "newest"}).ok());
  for (const std::size_t count : {1u, 3u, 10u}) {
    CAPTURE(count);
    VersionsOptions options{.count_max = count};
    VersionNumber expected = 10;
    do {
      const auto page = space.versions("/file", options).value();
      CHECK(page.items.size() <= count);
      for (const VersionInfo& version : page.items) {
        CHECK(version.pinned == (version.number == 4));
        CHECK(version.label == (version.number == 10 ? "newest" : ""));
        CHECK(version.number == expected--);
      }
      options.after = page.next;
    } while (!options.after.empty());
    CHECK(expected == 0);
  }
  // What comes and goes between two pages does not move the rest.
  const std::string after = space.versions("/file", {.count_max = 3}).value().next;
  put("meanwhile");
  REQUIRE(space.remove_version("/file", 8).ok());
  CHECK(space.versions("/file", {.after = after}).value().items.front().number == 7);
  CHECK(space.versions("/file", {.count_max = 0}).code() == Code::invalid_argument);
  CHECK(space.versions("/file", {.after = "rubbish"}).code() == Code::invalid_argument);
  REQUIRE(space.put("/other", "x").ok());
  const std::string listing = space.list("/", {.count_max = 1})->next;
  CHECK(space.versions("/file", {.after = listing}).code() == Code::invalid_argument);
}

TEST_CASE_FIXTURE(VersionsFixture,
                  "restore_version: makes a new version of every kind of content") {
  const std::string contents[] = {"", "inline", content(1, 40'000), content(2, (8 << 20) + 1)};
  for (const std::string& bytes : contents)
    REQUIRE(space.put("/file", bytes, {.mtime_ns = 5}).ok());
  put("last");
  for (VersionNumber number = 1; number <= 4; ++number) {
    CAPTURE(number);
    const Written written = space.restore_version("/file", number).value();
    CHECK(written.version == 5 + number);
    CHECK(written.size_bytes == contents[number - 1].size());
    CHECK(*space.get("/file") == contents[number - 1]);
    CHECK(space.stat("/file")->mtime_ns == 5);
    CHECK(space.stat("/file")->sha256 == sha256_of(contents[number - 1]));
  }
  CHECK(store.findings(true) == "");
  CHECK(space.restore_version("/file", 9)->entry == 0);
  CHECK(space.restore_version("/file", 10).code() == Code::not_found);
  CHECK(space.restore_version("/file", 0).code() == Code::not_found);
  const Written once = space.restore_version("/file", 2, {.request_id = "again"}).value();
  const Written twice = space.restore_version("/file", 2, {.request_id = "again"}).value();
  CHECK(twice.repeated);
  CHECK(twice.version == once.version);
  CHECK(twice.sha256 == once.sha256);
  CHECK(space.restore_version("/file", 1, {.conditions = {.if_match = "\"other\""}}).code() ==
        Code::precondition_failed);
}

TEST_CASE_FIXTURE(VersionsFixture,
                  "remove_version: an earlier one goes, and its bytes are not counted") {
  put("first");
  put(content(1, 50'000));
  put("third");
  CHECK(space.info()->totals.version_bytes == 50'005);
  REQUIRE(space.remove_version("/file", 2).ok());
  CHECK(space.info()->totals.version_bytes == 5);
  CHECK(space.stat("/file")->totals.version_bytes == 5);
  CHECK(numbers() == "3 1 ");
  CHECK(space.get("/file", {.version = 2}).code() == Code::not_found);
  CHECK(space.remove_version("/file", 2).code() == Code::not_found);
  CHECK(space.remove_version("/file", 3).code() == Code::conflict);
  CHECK(store.findings(true) == "");
  // What it referred to is kept, so that its entry can be undone.
  REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
  CHECK(store.store().collect({.grace = std::chrono::seconds(0)})->removed == 0);
  CHECK(store.findings(true) == "");
  // Its number is not given out again.
  put("fourth");
  CHECK(numbers() == "4 3 1 ");
  REQUIRE(space.remove("/file").ok());
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(VersionsFixture,
                  "mark_version: a pinned one stays, a label goes with its version") {
  put("first");
  put("second");
  REQUIRE(space.mark_version("/file", 1, {.pinned = true, .label = "draft"}).ok());
  CHECK(space.remove_version("/file", 1).code() == Code::precondition_failed);
  CHECK(versions()[1].pinned);
  CHECK(versions()[1].label == "draft");
  // What is not given stays, and to say nothing new is no change.
  CHECK(space.mark_version("/file", 1, {})->entry == 0);
  CHECK(space.mark_version("/file", 1, {.pinned = true})->entry == 0);
  REQUIRE(space.mark_version("/file", 1, {.pinned = false}).ok());
  CHECK(versions()[1].label == "draft");
  REQUIRE(space.remove_version("/file", 1).ok());
  CHECK(store.findings() == "");
  // The current one may be pinned before it is superseded.
  REQUIRE(space.mark_version("/file", 2, {.pinned = true}).ok());
  put("third");
  CHECK(space.remove_version("/file", 2).code() == Code::precondition_failed);
  CHECK(space.mark_version("/file", 1, {.pinned = true}).code() == Code::not_found);
  CHECK(space.mark_version("/file", 2, {.label = std::string(255, 'x')}).ok());
  const auto too_long = space.mark_version("/file", 2, {.label = std::string(256, 'x')});
  CHECK(too_long.code() == Code::limit_exceeded);
  CHECK(too_long.error().limit == 255);
  CHECK(space.mark_version("/file", 2, {.label = "\xff"}).code() == Code::invalid_argument);
  CHECK(store.findings() == "");
}

}  // namespace
}  // namespace spind::test
