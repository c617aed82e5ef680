#include "blob/layer/cached_blobs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include "base/bytes.h"
#include "blob/layer/fault_blobs.h"
#include "support/harness.h"
#include "unit/blob/faulty_files.h"
#include "unit/blob/layer/driven_time.h"
#include "unit/blob/layer/scripted_blobs.h"

namespace spind {
namespace {

using test::FaultyFiles;
using test::FileCall;
using test::ScriptedBlobs;

constexpr std::uint32_t kBlock = 4096;

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

struct Cached {
  explicit Cached(DiskCacheOptions wanted = {}) : options(std::move(wanted)) {
    options.folder = folder / "cache";
    options.block_bytes = kBlock;
    open();
  }
  void open() {
    store.reset();
    store = CachedBlobs::open(under, options, files, clock).value();
  }
  std::string get(std::string_view name) {
    const auto got = store->get(name, 1 << 20);
    return got.ok() ? std::string(as_text(*got)) : std::string(code_name(got.code()));
  }
  std::string range(std::string_view name, std::uint64_t offset, std::size_t size) {
    std::vector<std::uint8_t> out(size);
    const auto got = store->range(name, offset, out);
    if (!got.ok()) return std::string(code_name(got.code()));
    return std::string(as_text(out).substr(0, *got));
  }
  int asked() const { return under->gets + under->ranges + under->lists; }
  // The files of all blocks.
  std::vector<std::filesystem::path> block_files() const {
    std::vector<std::filesystem::path> all;
    for (const auto& item :
         std::filesystem::recursive_directory_iterator(options.folder + "/blocks")) {
      if (item.is_regular_file()) all.push_back(item.path());
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  test::TemporaryFolder folder;
  DiskCacheOptions options;
  test::TestClock clock;
  FaultyFiles files;
  std::shared_ptr<ScriptedBlobs> under = std::make_shared<ScriptedBlobs>();
  std::shared_ptr<CachedBlobs> store;
  std::mt19937_64 random{test::seed()};
};

TEST_CASE(
    "disk cache: random ranges and gets are what the store below holds, each byte fetched once") {
  Cached cached;
  const std::string bytes = random_text(cached.random, 10 * kBlock + 123);
  REQUIRE(cached.under->bytes.put("a", as_bytes(bytes)).ok());
  for (int i = 0; i < 500; ++i) {
    const std::size_t offset = cached.random() % (bytes.size() + 100);
    const std::size_t size = 1 + cached.random() % (4 * kBlock);
    CHECK(cached.range("a", offset, size) ==
          (offset < bytes.size() ? bytes.substr(offset, size) : ""));
  }
  const DiskCacheMetrics metrics = cached.store->metrics();
  CHECK(metrics.blocks == 11);
  CHECK(metrics.hit_blocks > 400);
  // The last block may have been met first by a read that ended before it, or began behind its end.
  CHECK(metrics.fetched_bytes <= bytes.size() + 2 * kBlock);
  const int asked = cached.asked();
  CHECK(cached.get("a") == bytes);
  CHECK(cached.asked() == asked);
}

TEST_CASE("disk cache: a get keeps the whole blob, also one of whole blocks and an empty one") {
  Cached cached;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{kBlock} - 1,
                                 std::size_t{kBlock}, std::size_t{3} * kBlock}) {
    CAPTURE(size);
    const std::string name = "a/" + std::to_string(size);
    const std::string bytes = random_text(cached.random, size);
    REQUIRE(cached.under->bytes.put(name, as_bytes(bytes)).ok());
    CHECK(cached.get(name) == bytes);
    const int asked = cached.asked();
    CHECK(cached.get(name) == bytes);
    CHECK(cached.range(name, 0, 4 * kBlock) == bytes);
    CHECK(cached.range(name, size, 10).empty());
    CHECK(cached.asked() == asked);
    if (size > 0) CHECK(cached.store->get(name, size - 1).code() == Code::limit_exceeded);
  }
}

TEST_CASE("disk cache: what is written through it need not be fetched, unless that is not wanted") {
  Cached keeping;
  Cached passing({.keep_puts = false});
  const std::string bytes = random_text(keeping.random, 3 * kBlock);
  REQUIRE(keeping.store->put("a", as_bytes(bytes)).ok());
  REQUIRE(passing.store->put("a", as_bytes(bytes)).ok());
  CHECK(keeping.get("a") == bytes);
  CHECK(passing.get("a") == bytes);
  CHECK(keeping.asked() == 0);
  CHECK(passing.asked() > 0);
}

TEST_CASE("disk cache: what it holds survives that it is opened anew") {
  Cached cached;
  const std::string bytes = random_text(cached.random, 5 * kBlock + 7);
  REQUIRE(cached.store->put("a/b", as_bytes(bytes)).ok());
  const DiskCacheMetrics before = cached.store->metrics();
  cached.open();
  CHECK(cached.store->metrics().blocks == before.blocks);
  CHECK(cached.store->metrics().size_bytes == before.size_bytes);
  CHECK(cached.get("a/b") == bytes);
  CHECK(cached.asked() == 0);
  // New files do not meet the names of old ones.
  REQUIRE(cached.store->put("a/b", as_bytes(bytes)).ok());
  CHECK(cached.get("a/b") == bytes);
  CHECK(cached.store->metrics().failures == 0);
}

TEST_CASE("disk cache: a damaged block is dropped, and fetched again") {
  for (const std::string how :
       {"flipped", "cut", "longer", "of another block", "of another blob"}) {
    CAPTURE(how);
    Cached cached;
    const std::string bytes = random_text(cached.random, 4 * kBlock);
    REQUIRE(cached.store->put("a", as_bytes(bytes)).ok());
    REQUIRE(cached.store->put("b", as_bytes(random_text(cached.random, 4 * kBlock))).ok());
    std::vector<std::filesystem::path> files = cached.block_files();
    REQUIRE(files.size() == 8);
    for (std::size_t i = 0; i < files.size(); ++i) {
      const auto size = std::filesystem::file_size(files[i]);
      if (how == "flipped") {
        std::fstream file(files[i], std::ios::in | std::ios::out | std::ios::binary);
        const auto at = static_cast<std::streamoff>(cached.random() % size);
        file.seekg(at);
        const char before = static_cast<char>(file.get());
        file.seekp(at);
        file.put(static_cast<char>(before ^ 0x10));
      } else if (how == "cut") {
        std::filesystem::resize_file(files[i], cached.random() % size);
      } else if (how == "longer") {
        std::filesystem::resize_file(files[i], size + 1 + cached.random() % 1000);
      } else {
        const std::size_t other = how == "of another block" ? i ^ 1 : (i + 4) % 8;
        if (other > i) {
          std::filesystem::rename(files[i], files[i].string() + "-");
          std::filesystem::rename(files[other], files[i]);
          std::filesystem::rename(files[i].string() + "-", files[other]);
        }
      }
    }
    if (cached.random() % 2 == 0) cached.open();
    CHECK(cached.range("a", 0, 5 * kBlock) == bytes);
    CHECK(cached.store->metrics().damaged_blocks == 4);
    cached.clock.advance(2'000'000'000);
    CHECK(cached.get("a") == bytes);
    const int asked = cached.asked();
    CHECK(cached.get("a") == bytes);
    CHECK(cached.asked() == asked);
  }
}

TEST_CASE("disk cache: names that nobody gave are not taken for blocks") {
  Cached cached;
  REQUIRE(cached.store->put("a", as_bytes(std::string("x"))).ok());
  const std::filesystem::path block = cached.block_files().at(0);
  const std::string name = block.filename().string();
  for (const std::string& other :
       {std::string("x"), name + ".last", name.substr(0, name.size() - 1), name + "-1",
        std::string(32, 'a') + "-0-1-1-c", std::string(32, 'z') + "-0-1-1-c",
        name.substr(0, 32) + "-0-ffffffff-1-c", name.substr(0, 32) + "-00-1-9-c",
        name.substr(0, 32) + "-0-1-ffffffffffffffffffff-c", name.substr(0, 32) + "-0-1-9-d"}) {
    std::ofstream(block.parent_path() / other) << "what is this?";
  }
  std::filesystem::create_directories(block.parent_path() / "folder/below");
  cached.open();
  CHECK(cached.store->metrics().blocks == 1);
  CHECK(cached.get("a") == "x");
  CHECK(cached.block_files().size() == 1);
}

TEST_CASE("disk cache: what was used longest ago goes, and the device holds no more than allowed") {
  Cached cached({.size_bytes_max = 20 * 2 * std::uint64_t{kBlock}});
  const std::string hot = random_text(cached.random, kBlock);
  REQUIRE(cached.under->bytes.put("hot", as_bytes(hot)).ok());
  CHECK(cached.get("hot") == hot);
  const int asked = cached.asked();
  for (int i = 0; i < 200; ++i) {
    REQUIRE(cached.store->put("cold/" + std::to_string(i), as_bytes(hot)).ok());
    CHECK(cached.get("hot") == hot);
    std::uint64_t size = 0;
    if (i % 20 == 19) {
      for (const auto& file : cached.block_files()) size += std::filesystem::file_size(file);
      CHECK(size <= cached.options.size_bytes_max);
      CHECK(size > cached.options.size_bytes_max / 3);
    }
    CHECK(cached.store->metrics().size_bytes <= cached.options.size_bytes_max);
  }
  CHECK(cached.asked() == asked);
  CHECK(cached.store->metrics().evicted_blocks == 181);
  // Opened with less room, it keeps to that.
  cached.options.size_bytes_max = 4 * 2 * kBlock;
  cached.open();
  CHECK(cached.block_files().size() == 4);
}

TEST_CASE("disk cache: its index keeps to its memory") {
  Cached cached({.memory_bytes_max = 2080});
  for (int i = 0; i < 100; ++i)
    REQUIRE(cached.store->put("n/" + std::to_string(i), as_bytes(std::string("x"))).ok());
  CHECK(cached.store->metrics().blocks == 10);
  CHECK(cached.block_files().size() == 10);
}

TEST_CASE("disk cache: what was removed is not found, nor after a restart, nor under new bytes") {
  Cached cached;
  const std::string bytes = random_text(cached.random, 3 * kBlock);
  REQUIRE(cached.store->put("a", as_bytes(bytes)).ok());
  REQUIRE(cached.store->put("b", as_bytes(bytes)).ok());
  bool gone_before_below = false;
  cached.under->before = [&](std::string_view request, std::string_view) -> std::optional<Error> {
    if (request == "remove") gone_before_below = cached.block_files().size() == 3;
    return std::nullopt;
  };
  REQUIRE(cached.store->remove("a").ok());
  CHECK(gone_before_below);  // a crash between the two leaves nothing that answers for it
  CHECK(cached.get("a") == "not_found");
  CHECK(cached.range("a", 0, 10) == "not_found");
  cached.open();
  CHECK(cached.get("a") == "not_found");
  CHECK(cached.get("b") == bytes);
  REQUIRE(cached.store->put("a", as_bytes(std::string("new"))).ok());
  CHECK(cached.get("a") == "new");
}

TEST_CASE("disk cache: a removal is synced where there was something to remove") {
  Cached cached;
  REQUIRE(cached.store->put("a", as_bytes(std::string("x"))).ok());
  int synced = 0;
  cached.files.set([&](FileCall call, const std::string&) -> std::optional<Error> {
    if (call == FileCall::sync_folder) ++synced;
    return std::nullopt;
  });
  REQUIRE(cached.store->remove("a").ok());
  CHECK(synced == 1);
  REQUIRE(cached.store->remove("a").ok());
  CHECK(synced == 1);
}

TEST_CASE("disk cache: bytes that were fetched before a removal or a put are not kept after it") {
  for (const std::string change : {"remove", "put"}) {
    for (const std::string when : {"before", "after"}) {
      for (const std::string read : {"get", "range"}) {
        CAPTURE(change);
        CAPTURE(when);
        CAPTURE(read);
        Cached cached;
        const std::string old_bytes(2 * kBlock, 'o'), new_bytes(2 * kBlock, 'n');
        REQUIRE(cached.under->bytes.put("a", as_bytes(old_bytes)).ok());
        bool done = false;
        const auto interfere = [&](std::string_view request) {
          if (request != read || done) return;
          done = true;
          if (change == "remove") CHECK(cached.store->remove("a").ok());
          if (change == "put") CHECK(cached.store->put("a", as_bytes(new_bytes)).ok());
        };
        if (when == "before")
          cached.under->before = [&](std::string_view request, std::string_view) {
            interfere(request);
            return std::optional<Error>();
          };
        else
          cached.under->after = [&](std::string_view request, std::string_view) {
            interfere(request);
          };
        const std::string got = read == "get" ? cached.get("a") : cached.range("a", 0, 2 * kBlock);
        CHECK(done);
        const std::string expected = change == "put" ? new_bytes : "not_found";
        CHECK((got == expected || (when == "after" && got == old_bytes)));
        CHECK(cached.get("a") == expected);
        CHECK(cached.range("a", 0, 2 * kBlock) == expected);
      }
    }
  }
}

TEST_CASE(
    "disk cache: while a change is under way nothing is kept, since nobody knows of which side") {
  Cached cached;
  const std::string old_bytes(2 * kBlock, 'o'), new_bytes(2 * kBlock, 'n');
  REQUIRE(cached.under->bytes.put("a", as_bytes(old_bytes)).ok());
  std::string got_before, got_after;
  cached.under->before = [&](std::string_view request, std::string_view) -> std::optional<Error> {
    if (request == "put") got_before = cached.get("a");
    return std::nullopt;
  };
  cached.under->after = [&](std::string_view request, std::string_view) {
    if (request == "put") got_after = cached.range("a", 0, 2 * kBlock);
  };
  REQUIRE(cached.store->put("a", as_bytes(new_bytes)).ok());
  CHECK(got_before == old_bytes);
  CHECK(got_after == new_bytes);
  CHECK(cached.get("a") == new_bytes);
  CHECK(cached.store->metrics().blocks == 2);
}

TEST_CASE("disk cache: a failed put or removal leaves nothing that it cannot know") {
  Cached cached;
  REQUIRE(cached.store->put("a", as_bytes(std::string("old"))).ok());
  cached.under->down = true;
  CHECK(cached.store->put("a", as_bytes(std::string("new"))).code() == Code::unavailable);
  CHECK(cached.get("a") == "unavailable");
  CHECK(cached.store->remove("a").code() == Code::unavailable);
  CHECK(cached.store->metrics().blocks == 0);
}

TEST_CASE(
    "disk cache: what came damaged from below is asked for again when it is to be forgotten") {
  Cached cached;
  const std::string bytes = random_text(cached.random, 3 * kBlock);
  REQUIRE(cached.under->bytes.put("a", as_bytes(bytes)).ok());
  test::DrivenPause pause(cached.clock);
  const auto faulty =
      std::make_shared<FaultBlobs>(cached.under, FaultOptions{.rotten_reads = 1000}, pause);
  cached.store.reset();
  cached.store = CachedBlobs::open(faulty, cached.options, cached.files, cached.clock).value();
  CHECK(cached.get("a") != bytes);
  faulty->set({});
  CHECK(cached.get("a") != bytes);
  cached.store->forget("a");
  CHECK(cached.get("a") == bytes);
  CHECK(cached.asked() == 4);
}

TEST_CASE("disk cache: what is in it can be read while the store below is down") {
  Cached cached;
  const std::string bytes = random_text(cached.random, 3 * kBlock);
  REQUIRE(cached.store->put("a", as_bytes(bytes)).ok());
  cached.under->down = true;
  CHECK(cached.get("a") == bytes);
  CHECK(cached.range("a", kBlock - 5, 10) == bytes.substr(kBlock - 5, 10));
  CHECK(cached.get("b") == "unavailable");
}

TEST_CASE("disk cache: changes of other blobs keep nobody from what is in it") {
  Cached cached;
  const std::string bytes = random_text(cached.random, 3 * kBlock);
  REQUIRE(cached.store->put("a", as_bytes(bytes)).ok());
  int read = 0;
  cached.under->before = [&](std::string_view request, std::string_view) -> std::optional<Error> {
    if (request == "put") read += cached.range("a", 0, bytes.size()) == bytes ? 1 : 0;
    return Error{Code::unavailable, "it is down"};
  };
  constexpr int kOthers = 3'000;
  for (int i = 0; i < kOthers; ++i)
    CHECK(!cached.store->put("p/" + std::to_string(i), as_bytes(bytes)).ok());
  CHECK(read == kOthers);
  CHECK(cached.under->ranges == 0);
}

TEST_CASE("disk cache: a device that fails at any call fails no read and no write") {
  const auto points = static_cast<int>(test::scaled(12, 24, 40));
  for (const Code code : {Code::no_space, Code::io_error}) {
    for (int fail_from = code == Code::no_space ? 0 : 2; fail_from < points; fail_from += 3) {
      CAPTURE(fail_from);
      Cached cached;
      const std::string bytes = random_text(cached.random, 3 * kBlock + 5);
      int calls = 0;
      const bool once = fail_from % 2 == 0;
      cached.files.set([&](FileCall, const std::string&) -> std::optional<Error> {
        const int call = calls++;
        if (once ? call != fail_from / 2 : call < fail_from / 2) return std::nullopt;
        return Error{code, "the device fails"};
      });
      for (const std::string name : {"a", "b", "a", "c"}) {
        CHECK(cached.store->put(name, as_bytes(bytes)).ok());
        cached.clock.advance(2'000'000'000);
        CHECK(cached.range(name, 10, 2 * kBlock) == bytes.substr(10, 2 * kBlock));
        CHECK(cached.get(name) == bytes);
        CHECK(cached.store->remove(name).ok());
        CHECK(cached.get(name) == "not_found");
      }
      CHECK(cached.store->metrics().failures > 0);
      cached.files.set(nullptr);
      cached.clock.advance(2'000'000'000);
      CHECK(cached.store->put("d", as_bytes(bytes)).ok());
      const int asked = cached.asked();
      CHECK(cached.get("d") == bytes);
      CHECK(cached.asked() == asked);  // it works again by itself
    }
  }
}

TEST_CASE("disk cache: a device that failed is left alone for a second") {
  Cached cached;
  int calls = 0;
  cached.files.set([&](FileCall, const std::string&) -> std::optional<Error> {
    ++calls;
    return Error{Code::no_space, "the device is full"};
  });
  for (int i = 0; i < 50; ++i) CHECK(cached.store->put("n", as_bytes(std::string("x"))).ok());
  CHECK(calls <= 2);
  CHECK(cached.store->metrics().failures == 1);
}

TEST_CASE("disk cache: a read that was cut is not kept as a blob that ends there") {
  Cached cached;
  const std::string bytes = random_text(cached.random, 6 * kBlock + 100);
  test::DrivenPause pause(cached.clock);
  const auto faulty = std::make_shared<FaultBlobs>(
      cached.under, FaultOptions{.seed = test::seed(), .errors = 50, .lost_answers = 50}, pause);
  cached.store.reset();
  cached.store = CachedBlobs::open(faulty, cached.options, cached.files, cached.clock).value();
  for (int blob = 0; blob < 30; ++blob) {
    const std::string name = "n/" + std::to_string(blob);
    REQUIRE(cached.under->bytes.put(name, as_bytes(bytes)).ok());
    faulty->set({.errors = 50, .lost_answers = 50, .cut_reads = 400});
    for (int i = 0; i < 20; ++i) {
      const std::size_t offset = cached.random() % bytes.size();
      const std::string got =
          i % 5 == 0 ? cached.get(name) : cached.range(name, offset, 2 * kBlock);
      const bool whole = got == (i % 5 == 0 ? bytes : bytes.substr(offset, 2 * kBlock));
      // What a cut read did not bring is an error, not the end of the blob.
      CHECK((whole || got == "io_error" || got == "unavailable"));
    }
    faulty->set({});
    for (std::size_t offset = 0; offset < bytes.size(); offset += 1000)
      CHECK(cached.range(name, offset, 2 * kBlock) == bytes.substr(offset, 2 * kBlock));
    CHECK(cached.get(name) == bytes);
  }
  CHECK(faulty->fired(BlobFault::cut_read) > 0);
}

TEST_CASE(
    "disk cache: threads that put, read and remove over an evicting cache read what is there") {
  Cached cached({.size_bytes_max = 30 * 2 * std::uint64_t{kBlock}});
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  REQUIRE(cached.store->put("shared", as_bytes(std::string(3 * kBlock, 's'))).ok());
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(test::seed() + static_cast<std::uint64_t>(t));
      for (int i = 0; i < 60; ++i) {
        // Names come back with other bytes, which a cache that keeps too long would show.
        const std::string name = std::to_string(t) + "/" + std::to_string(random() % 5);
        const std::string bytes = random_text(random, random() % (4 * kBlock));
        if (!cached.store->put(name, as_bytes(bytes)).ok()) ++wrong;
        if (cached.get(name) != bytes) ++wrong;
        const std::size_t offset = random() % (bytes.size() + 1);
        if (cached.range(name, offset, kBlock) != bytes.substr(offset, kBlock)) ++wrong;
        if (cached.get("shared") != std::string(3 * kBlock, 's')) ++wrong;
        if (!cached.store->remove(name).ok()) ++wrong;
        if (cached.get(name) != "not_found") ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(cached.store->metrics().damaged_blocks == 0);
  CHECK(cached.store->metrics().size_bytes <= cached.options.size_bytes_max);
  const auto files = cached.block_files();
  CHECK(files.size() == cached.store->metrics().blocks);
}

TEST_CASE("disk cache: a folder has one cache at a time, and blocks of a sensible size") {
  Cached cached;
  const auto second = CachedBlobs::open(cached.under, cached.options, cached.files, cached.clock);
  CHECK(second.code() == Code::busy);
  for (const std::uint32_t block_bytes : {0u, 1u, 2048u, 5000u, 16u << 20}) {
    CHECK(with_disk_cache(cached.under,
                          {.folder = cached.folder / "other", .block_bytes = block_bytes})
              .code() == Code::invalid_argument);
  }
  CHECK(with_disk_cache(cached.under, {.folder = cached.folder / "no/such"}).code() ==
        Code::not_found);
}

TEST_CASE("disk cache: a folder of others is refused, and nothing in it is touched") {
  test::TemporaryFolder folder;
  const auto write = [&](const std::string& path) {
    std::filesystem::create_directories(std::filesystem::path(folder / path).parent_path());
    std::ofstream(folder / path) << "mine";
  };
  // As /var has them; and one that somebody else's lock stands in.
  const std::vector<std::string> mine{"var/tmp/draft", "var/blocks/00/note", "var/log/x",
                                      "app/lock",      "app/tmp/draft",      "app/data"};
  for (const std::string& path : mine) write(path);
  const auto under = std::make_shared<ScriptedBlobs>();
  for (const char* name : {"var", "app"}) {
    CHECK(with_disk_cache(under, {.folder = folder / name}).code() == Code::invalid_argument);
  }
  for (const std::string& path : mine) CHECK(std::filesystem::exists(folder / path));
  CHECK(with_disk_cache(under, {}).code() == Code::invalid_argument);
  CHECK(with_disk_cache(nullptr, {.folder = folder / "new"}).code() == Code::invalid_argument);
  CHECK(with_disk_cache(under, {.folder = folder / "new"}).ok());
  CHECK(with_disk_cache(under, {.folder = folder / "new"}).ok());
}

TEST_CASE("disk cache: other blocks are not mixed with those of before") {
  Cached cached;
  const std::string bytes = random_text(cached.random, 5 * kBlock);
  REQUIRE(cached.store->put("a", as_bytes(bytes)).ok());
  cached.options.block_bytes = 2 * kBlock;
  cached.open();
  CHECK(cached.block_files().empty());
  CHECK(cached.get("a") == bytes);
}

}  // namespace
}  // namespace spind
