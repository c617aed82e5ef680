// A store is copied while it is in use, and both go on by themselves.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr auto kRocksdb = MetadataEngine::rocksdb;
// One that lies in a row, one in a pack, one in two objects.
constexpr std::size_t kSizes[] = {1'000, 100'000, 10 << 20};

struct File {
  std::string path;
  std::string bytes;
};

template <class Answer>
std::string text_of(const Result<Answer>& answer) {
  return answer.ok() ? "" : answer.error().to_string();
}

Space space_of(Store& store) {
  return store.session({.user = "ada"}).value().space_by_alias("s").value();
}

// Opens the copy: all is as its journal says, and the files are there byte for byte.
void check_copy(const std::string& folder, const std::vector<File>& files) {
  Store copy = Store::open(folder).value();
  const CheckReport report = copy.check({.read_content = true}).value();
  for (const CheckFinding& finding : report.findings) FAIL_CHECK(finding.kind, ": ", finding.text);
  for (const File& file : files) CHECK(space_of(copy).get(file.path).value() == file.bytes);
  REQUIRE(space_of(copy).put("/new in the copy", content(9, 100'000)).ok());
  REQUIRE(copy.collect({.grace = std::chrono::seconds(0)}).ok());
  CHECK(copy.check({.read_content = true}).value().findings_total == 0);
}

std::vector<File> some_files(std::uint64_t seed) {
  std::vector<File> files;
  for (const std::size_t size : kSizes)
    files.push_back({fmt::format("/{}", size), content(seed, size)});
  return files;
}

}  // namespace

TEST_CASE("checkpoint: the copy holds what was there, whatever becomes of the store") {
  TestStore store(kRocksdb);
  const Space space = store.make_space("s");
  const std::vector<File> files = some_files(1);
  for (const File& file : files) REQUIRE(space.put(file.path, file.bytes).ok());
  const TemporaryFolder folder;
  const CheckpointReport report = store.store().checkpoint(folder / "copy").value();
  CHECK(report.objects == 2);
  CHECK(report.packs == 1);
  CHECK(report.missing == 0);
  // Objects are shared, the pack is not.
  CHECK(report.copied_bytes >= kSizes[1]);
  CHECK(report.copied_bytes < 2 * kSizes[1]);

  // All that the store held goes, and its pack is appended to.
  std::filesystem::remove_all(std::filesystem::path(store.folder()) / "objects");
  REQUIRE(space.put("/later", content(2, 100'000)).ok());
  check_copy(folder / "copy", files);
  CHECK(space.get("/later").value() == content(2, 100'000));
}

TEST_CASE("checkpoint: what is acknowledged before is in it, while others write and collect") {
  TestStore store(kRocksdb);
  const Space space = store.make_space("s");
  std::atomic<bool> done{false};
  std::mutex mutex;
  std::vector<File> acknowledged;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; !done; ++i) {
        const std::uint64_t seed = 1000 * static_cast<std::uint64_t>(t) + i;
        const File file{fmt::format("/{}", seed), content(seed, kSizes[i % 2])};
        CHECK(text_of(space.put(file.path, file.bytes)) == "");
        if (i % 16 == 0) CHECK(text_of(space.put("/big", content(seed, 2 << 20))) == "");
        std::unique_lock lock(mutex);
        acknowledged.push_back(file);
        lock.unlock();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
  }
  threads.emplace_back([&] {
    while (!done) CHECK(text_of(store.store().collect({.grace = std::chrono::seconds(0)})) == "");
  });
  const TemporaryFolder folder;
  for (int round = 0; round < 3; ++round) {
    const auto enough = [&] {
      const std::lock_guard lock(mutex);
      return acknowledged.size() >= static_cast<std::size_t>(20 * (round + 1));
    };
    while (!enough()) std::this_thread::yield();
    std::vector<File> before;
    {
      const std::lock_guard lock(mutex);
      before = acknowledged;
    }
    const std::string copy = folder / fmt::format("copy {}", round);
    REQUIRE(store.store().checkpoint(copy).ok());
    check_copy(copy, before);
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(store.findings(true) == "");
}

TEST_CASE("checkpoint: a folder that is in use is refused, and what failed is no store") {
  TestStore store(kRocksdb);
  const Space space = store.make_space("s");
  for (const File& file : some_files(1)) REQUIRE(space.put(file.path, file.bytes).ok());
  const TemporaryFolder folder;
  std::ofstream(folder / "letter") << "dear Ada";
  CHECK(store.store().checkpoint(folder / "").code() == Code::already_exists);
  CHECK(store.store().checkpoint(store.folder()).code() == Code::already_exists);
  CHECK(store.store().checkpoint("").code() == Code::invalid_argument);
  CHECK(store.store().checkpoint(folder / "no/such").code() == Code::not_found);

  const auto stop = [](const Progress&) { return false; };
  CHECK(store.store().checkpoint(folder / "stopped", {.progress = stop}).code() == Code::cancelled);
  CancelToken cancel;
  cancel.cancel();
  CHECK(store.store().checkpoint(folder / "cancelled", {.cancel = cancel}).code() ==
        Code::cancelled);
  for (const char* name : {"stopped", "cancelled"})
    CHECK(Store::open(folder / name).code() == Code::not_found);
  REQUIRE(store.store().checkpoint(folder / "whole").ok());
  CHECK(store.store().checkpoint(folder / "whole").code() == Code::already_exists);
}

TEST_CASE("checkpoint: damage goes with it and is counted") {
  TestStore store(kRocksdb);
  const Space space = store.make_space("s");
  for (const File& file : some_files(1)) REQUIRE(space.put(file.path, file.bytes).ok());
  std::filesystem::remove_all(std::filesystem::path(store.folder()) / "objects/blobs/o");
  const TemporaryFolder folder;
  const CheckpointReport report = store.store().checkpoint(folder / "copy").value();
  CHECK(report.missing == 2);
  Store copy = Store::open(folder / "copy").value();
  CHECK(copy.check().value().findings_total > 0);
}

TEST_CASE("checkpoint: a store in memory has no folder to copy") {
  const Store store = Store::open("", {.create = true, .metadata = MetadataEngine::memory}).value();
  const TemporaryFolder folder;
  CHECK(store.checkpoint(folder / "copy").code() == Code::unsupported);
  CHECK_FALSE(std::filesystem::exists(folder / "copy"));
}

}  // namespace spind::test
