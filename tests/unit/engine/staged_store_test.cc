// A store that stages small files in its folder, in front of the blob store that its host gives.
#include <doctest/doctest.h>

#include <filesystem>
#include <thread>

#include "spind/blob_places.h"
#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::size_t kStagedSize = 100'000;
// What has come stays here, unless the test says otherwise.
constexpr std::chrono::milliseconds kNever = std::chrono::hours(24);

struct StagedStore {
  Result<Store> open(const std::string& name, std::chrono::milliseconds period = kNever,
                     bool adopt = false) {
    StoreOptions options;
    options.create = true;
    options.blobs = blobs;
    options.durability = durability;
    options.staged_period = period;
    options.adopt_blobs = adopt;
    options.upkeep_period = std::chrono::milliseconds(0);
    return Store::open(folder / name, options);
  }
  std::size_t packs_there() { return blobs->list("p/", "", 10'000)->size(); }

  TemporaryFolder folder;
  std::shared_ptr<BlobStore> blobs = memory_blobs();
  Durability durability = Durability::staged;
};

Space staged_space(Store& store) {
  const Session ada = store.session({.user = "ada"}).value();
  auto space = ada.space_by_alias("s");
  return space.ok() ? *space : ada.create_space({.alias = "s"}).value();
}

void put_staged(Store& store, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = first; i < first + count; ++i)
    REQUIRE(staged_space(store).put("/" + std::to_string(i), content(i, kStagedSize)).ok());
}

void check_staged(Store& store, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i)
    CHECK(staged_space(store).get("/" + std::to_string(i)).value() == content(i, kStagedSize));
  for (const CheckFinding& finding : store.check({.read_content = true}).value().findings)
    FAIL_CHECK(finding.kind, ": ", finding.text);
}

std::uint64_t staged_backlog(const Store& store) {
  const std::string metrics = store.metrics();
  const std::string name = "\nspind_staged_backlog_bytes ";
  const std::size_t at = metrics.find(name);
  REQUIRE(at != std::string::npos);
  return std::stoull(metrics.substr(at + name.size()));
}

}  // namespace

TEST_CASE("staged store: small files wait in the folder, across openings, until they are brought") {
  StagedStore place;
  {
    Store store = place.open("a").value();
    put_staged(store, 0, 5);
    CHECK(place.packs_there() == 0);
    CHECK(staged_backlog(store) > 5 * kStagedSize);
    check_staged(store, 5);
  }
  Store store = place.open("a").value();
  CHECK(staged_backlog(store) > 5 * kStagedSize);
  check_staged(store, 5);
  const FlushStagedReport report = store.flush_staged().value();
  CHECK(report.bytes > 5 * kStagedSize);
  CHECK(report.bytes_left == 0);
  CHECK(staged_backlog(store) == 0);
  CHECK(place.packs_there() > 0);
  check_staged(store, 5);
  CHECK(store.collect().ok());
  CHECK(store.scrub().value().findings_total == 0);
}

TEST_CASE("staged store: opened without staging it brings what waits, by itself") {
  StagedStore place;
  {
    Store store = place.open("a").value();
    put_staged(store, 0, 3);
  }
  place.durability = Durability::pack;
  Store store = place.open("a", std::chrono::milliseconds(1)).value();
  while (staged_backlog(store) > 0) std::this_thread::yield();
  const std::size_t packs = place.packs_there();
  put_staged(store, 3, 1);
  CHECK(place.packs_there() == packs + 1);
  check_staged(store, 4);
}

TEST_CASE("staged store: a checkpoint has what is staged") {
  StagedStore place;
  Store store = place.open("a").value();
  put_staged(store, 0, 3);
  store.flush_staged().value();
  put_staged(store, 3, 3);
  const CheckpointReport report = store.checkpoint(place.folder / "b").value();
  CHECK(report.packs == 1);
  CHECK(report.copied_bytes > 3 * kStagedSize);
  CHECK(report.missing == 0);
  // The original goes on, and is lost then.
  put_staged(store, 6, 1);
  store.flush_staged().value();
  REQUIRE(store.close().ok());
  Store copy = place.open("b", kNever, true).value();
  CHECK(staged_backlog(copy) > 3 * kStagedSize);
  for (std::uint64_t i = 0; i < 6; ++i)
    CHECK(staged_space(copy).get("/" + std::to_string(i)).value() == content(i, kStagedSize));
  CHECK(copy.flush_staged().value().bytes_left == 0);
  std::filesystem::remove_all(place.folder / "a");
  for (std::uint64_t i = 0; i < 6; ++i)
    CHECK(staged_space(copy).get("/" + std::to_string(i)).value() == content(i, kStagedSize));
}

TEST_CASE("staged store: wrong options are refused, and other stores have nothing to bring") {
  StagedStore place;
  place.blobs = nullptr;
  CHECK(place.open("a").code() == Code::invalid_argument);
  place.durability = Durability::pack;
  CHECK(place.open("a", std::chrono::milliseconds(0)).code() == Code::invalid_argument);
  Store store = place.open("a").value();
  put_staged(store, 0, 1);
  CHECK(store.flush_staged().value().bytes == 0);
  CHECK(staged_backlog(store) == 0);
}

}  // namespace spind::test
