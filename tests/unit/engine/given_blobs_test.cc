// A store whose blobs lie in a blob store that its host gives: who owns them, and that all verbs of
// upkeep go on.
#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "spind/blob_layers.h"
#include "spind/blob_places.h"
#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::size_t kGivenSizes[] = {1'000, 100'000, 10 << 20};

constexpr std::chrono::milliseconds kPutTime{10};

// A store on blobs that the test sees too.
struct GivenBlobs {
  explicit GivenBlobs(std::shared_ptr<BlobStore> given = memory_blobs())
      : blobs(std::move(given)) {}

  Result<Store> open(const std::string& name, bool adopt = false, bool create = true) {
    StoreOptions options;
    options.create = create;
    options.blobs = blobs;
    options.adopt_blobs = adopt;
    options.gather_window = window;
    options.upkeep_period = std::chrono::milliseconds(0);
    return Store::open(folder / name, options);
  }
  std::size_t count(const std::string& prefix) { return blobs->list(prefix, "", 10'000)->size(); }

  TemporaryFolder folder;
  std::shared_ptr<BlobStore> blobs;
  std::chrono::milliseconds window = StoreOptions().gather_window;
};

std::uint64_t number_in(const std::string& metrics, const std::string& name) {
  const std::size_t at = metrics.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::stoull(metrics.substr(at + name.size() + 2));
}

Space make_space(Store& store) {
  return store.session({.user = "ada"}).value().create_space({.alias = "s"}).value();
}

Space space_in(Store& store) {
  return store.session({.user = "ada"}).value().space_by_alias("s").value();
}

void put_all(const Space& space, std::uint64_t seed) {
  for (const std::size_t size : kGivenSizes)
    REQUIRE(space.put("/" + std::to_string(size), content(seed, size)).ok());
}

// `left_behind`: blobs that the one before stored since the store was copied are found.
void check_all(Store& store, std::uint64_t seed, bool left_behind = false) {
  for (const std::size_t size : kGivenSizes)
    CHECK(space_in(store).get("/" + std::to_string(size)).value() == content(seed, size));
  const CheckReport report = store.check({.read_content = true}).value();
  CHECK((report.findings_total != 0) == left_behind);
  for (const CheckFinding& finding : report.findings)
    if (!left_behind || finding.kind != "stray_blob") FAIL_CHECK(finding.kind, ": ", finding.text);
}

std::string refusal(const Result<Store>& opened) {
  return opened.ok() ? "" : opened.error().to_string();
}

void copy_folder(const std::string& from, const std::string& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

}  // namespace

TEST_CASE("given blobs: what is put is read, checked, scrubbed and collected") {
  GivenBlobs given;
  Store store = given.open("store").value();
  put_all(make_space(store), 1);
  CHECK(given.count("o/") == 2);
  CHECK(given.count("p/") == 1);
  CHECK(std::filesystem::is_empty(given.folder / "store/packs"));
  check_all(store, 1);
  CHECK(store.scrub().value().findings_total == 0);
  REQUIRE(store.close().ok());
  store = given.open("store").value();
  check_all(store, 1);
  const Space space = space_in(store);
  for (const std::size_t size : kGivenSizes) REQUIRE(space.remove("/" + std::to_string(size)).ok());
  REQUIRE(space.empty_trash().ok());
  REQUIRE(store.collect({.grace = std::chrono::seconds(0), .forget = space.id()}).ok());
  REQUIRE(store.collect({.grace = std::chrono::seconds(0)}).ok());
  CHECK(given.count("o/") == 0);
  CHECK(given.count("p/") == 0);
  CHECK(given.count("owner/") == 1);
  CHECK(number_in(store.metrics(), "spind_blobs_removed_total") == 3);
}

// Puts take 10 ms on the way, so that those who put files wait for each other as they do for a
// bucket; and there is time for all callers to come, also where few processors do the work of a
// slow build.
TEST_CASE("given blobs: a thousand small files of many callers are at most fifty puts") {
  GivenBlobs given(with_faults(memory_blobs(), {.delays = 1000, .delay_max = kPutTime}));
  given.window = std::chrono::milliseconds(100);  // so long no caller is held up
  Store store = given.open("store").value();
  const Space space = make_space(store);
  constexpr std::size_t kCallers = 32, kFiles = 1'000, kBytes = 20 << 10;
  std::atomic<std::size_t> next = 0, failed = 0;
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < kCallers; ++i)
    callers.emplace_back([&] {
      for (std::size_t file = next++; file < kFiles; file = next++)
        if (!space.put("/" + std::to_string(file), content(file, kBytes)).ok()) ++failed;
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(failed == 0);
  CHECK(given.count("o/") == 0);
  const std::size_t puts = given.count("p/");
  CHECK_MESSAGE(puts <= kFiles / 20, puts, " puts");
  CHECK(number_in(store.metrics(), "spind_pack_syncs_total") == puts);
  CHECK(space.get("/999").value() == content(999, kBytes));
  CHECK(store.check({.read_content = true}).value().findings_total == 0);
}

TEST_CASE("given blobs: the metrics of a store end with those of its blobs") {
  TemporaryFolder cached;
  GivenBlobs given(
      with_disk_cache(with_metrics(memory_blobs(), "far"), {.folder = cached / "cache"}).value());
  Store store = given.open("store").value();
  put_all(make_space(store), 1);
  check_all(store, 1);
  const std::string text = store.metrics();
  CHECK(number_in(text, "spind_disk_cache_hits_total") > 0);
  CHECK(
      number_in(text, "spind_blob_requests_total{store=\"far\",request=\"put\",outcome=\"ok\"}") >=
      given.count("o/") + given.count("p/"));
  // A name in two places is none that Prometheus takes.
  std::set<std::string> names;
  for (std::size_t at = text.find("# HELP "); at != text.npos; at = text.find("# HELP ", at + 1))
    CHECK(names.insert(text.substr(at, text.find(' ', at + 7) - at)).second);
}

TEST_CASE("given blobs: a folder elsewhere, which one store has at a time") {
  TemporaryFolder other;
  GivenBlobs given(folder_blobs(other / "blobs").value());
  CHECK(folder_blobs(other / "blobs").code() == Code::busy);
  CHECK(folder_blobs("").code() == Code::invalid_argument);
  Store store = given.open("store").value();
  put_all(make_space(store), 1);
  check_all(store, 1);
}

TEST_CASE("given blobs: a store that has them is opened with them, and no other") {
  GivenBlobs given;
  REQUIRE(given.open("store").ok());
  CHECK(Store::open(given.folder / "store").code() == Code::invalid_argument);
  GivenBlobs empty;
  const std::string folder = given.folder / "store";
  StoreOptions options;
  options.blobs = empty.blobs;
  const auto elsewhere = Store::open(folder, options);
  CHECK(elsewhere.code() == Code::conflict);
  CHECK(refusal(elsewhere).find("no store has claimed these blobs") != std::string::npos);
  options.adopt_blobs = true;
  CHECK(Store::open(folder, options).code() == Code::conflict);
  options.adopt_blobs = false;

  REQUIRE(Store::open(given.folder / "plain", {.create = true}).ok());
  CHECK(given.open("plain").code() == Code::invalid_argument);
  options.metadata = MetadataEngine::memory;
  CHECK(Store::open("", options).code() == Code::invalid_argument);
}

TEST_CASE("given blobs: a second store on the same blobs is refused") {
  GivenBlobs given;
  Store store = given.open("store").value();
  put_all(make_space(store), 1);
  CHECK(given.open("second").code() == Code::conflict);
  // Nor are blobs taken that another store has made its own since.
  GivenBlobs others;
  Store second = others.open("second").value();
  REQUIRE(second.close().ok());
  StoreOptions options;
  options.blobs = given.blobs;
  options.adopt_blobs = true;
  const auto refused = Store::open(others.folder / "second", options);
  CHECK(refused.code() == Code::conflict);
  CHECK(refusal(refused).find("belong to another store") != std::string::npos);
  check_all(store, 1);
}

TEST_CASE("given blobs: whoever adopts them takes no number that the one before may still take") {
  GivenBlobs given;
  Store store = given.open("store").value();
  put_all(make_space(store), 1);
  REQUIRE(store.close().ok());
  copy_folder(given.folder / "store", given.folder / "copy");
  store = given.open("store").value();
  Store copy = given.open("copy", true).value();
  REQUIRE(space_in(copy).put("/other", content(8, 9 << 20)).ok());
  REQUIRE(space_in(copy).put("/small", content(9, 100'000)).ok());
  // The original has not noticed yet.
  (void)space_in(store).put("/mine", content(7, 9 << 20));
  (void)space_in(store).put("/mine too", content(6, 100'000));
  CHECK(space_in(copy).get("/other").value() == content(8, 9 << 20));
  CHECK(space_in(copy).get("/small").value() == content(9, 100'000));
  check_all(copy, 1, true);
}

TEST_CASE("given blobs: an older copy of the store does not write, until it adopts them") {
  GivenBlobs given;
  Store store = given.open("store").value();
  put_all(make_space(store), 1);
  REQUIRE(store.close().ok());
  copy_folder(given.folder / "store", given.folder / "copy");
  store = given.open("store").value();
  REQUIRE(space_in(store).put("/later", content(7, 9 << 20)).ok());

  {
    Store read_only = given.open("copy").value();
    CHECK(space_in(read_only).put("/no", content(9, 1'000)).code() == Code::conflict);
    CHECK(space_in(read_only).get("/1000").value() == content(1, 1'000));
  }
  check_all(store, 1);

  Store copy = given.open("copy", true).value();
  check_all(copy, 1, true);
  REQUIRE(space_in(copy).put("/other", content(8, 9 << 20)).ok());
  // The original notices, and neither collects nor writes any more.
  CHECK(store.collect({.grace = std::chrono::seconds(0)}).code() == Code::conflict);
  CHECK(store.health().code() == Code::conflict);
  CHECK(space_in(store).put("/no", content(9, 100'000)).code() == Code::conflict);
  CHECK(space_in(store).get("/later").value() == content(7, 9 << 20));
  REQUIRE(copy.collect({.grace = std::chrono::seconds(0)}).ok());
  check_all(copy, 1, true);
  // What it left behind goes once a repair has found it.
  CHECK(copy.check({.repair = true}).value().findings_left == 0);
  REQUIRE(copy.close().ok());
  copy = given.open("copy").value();
  REQUIRE(copy.collect({.grace = std::chrono::seconds(0)}).ok());
  check_all(copy, 1);
  REQUIRE(store.close().code() == Code::conflict);
  CHECK(given.open("store").value().health().code() == Code::conflict);
}

TEST_CASE("given blobs: a checkpoint copies what is no blob, and adopts them") {
  GivenBlobs given;
  Store store = given.open("store").value();
  put_all(make_space(store), 1);
  const CheckpointReport report = store.checkpoint(given.folder / "copy").value();
  CHECK(report.objects + report.packs + report.missing == 0);
  check_all(store, 1);
  REQUIRE(store.close().ok());
  CHECK(given.open("copy").value().health().code() == Code::conflict);
  Store copy = given.open("copy", true).value();
  check_all(copy, 1);
}

TEST_CASE("given blobs: an opening that was cut off is made good by the next one") {
  auto faults = with_faults(memory_blobs(), {});
  GivenBlobs given(faults);
  for (const std::uint32_t fault : {0u, 1u, 2u}) {
    FaultOptions options;
    options.errors = fault == 0 ? 500 : 0;
    options.lost_answers = fault == 1 ? 500 : 0;
    options.torn_puts = fault == 2 ? 500 : 0;
    bool opened = false;
    for (options.seed = 1; options.seed <= 30; ++options.seed) {
      faults->set(options);
      const auto store = given.open("store");
      opened = opened || store.ok();
      if (!store.ok()) CHECK_MESSAGE(store.code() == Code::unavailable, refusal(store));
    }
    CHECK(opened);
    faults->set({});
    CHECK(refusal(given.open("store")) == "");
  }
}

}  // namespace spind::test
