// What only the store over RocksDB does.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <rocksdb/write_batch.h>

#include "kv/rocksdb/log_gaps.h"
#include "unit/kv/store_kinds.h"

#if !defined(__SANITIZE_THREAD__)

using namespace spind;
using namespace spind::kv;
using namespace spind::kv::test;

namespace {

std::unique_ptr<Store> must_open(RocksdbOptions options) {
  auto opened = open_rocksdb(std::move(options));
  REQUIRE(opened.ok());
  return std::move(opened).value();
}

}  // namespace

TEST_CASE("rocksdb: a second opener is told that the store is busy") {
  spind::test::TemporaryFolder folder;
  auto store = must_open({.path = folder / "kv"});
  const auto second = open_rocksdb({.path = folder / "kv"});
  CHECK(second.code() == Code::busy);
  store.reset();
  CHECK(open_rocksdb({.path = folder / "kv"}).ok());
}

TEST_CASE("rocksdb: a damaged store says corruption") {
  spind::test::TemporaryFolder folder;
  must_open({.path = folder / "kv"}).reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder / "kv"))
    if (entry.path().filename().string().starts_with("MANIFEST"))
      std::ofstream(entry.path(), std::ios::binary) << std::string(300, 'x');
  const auto opened = open_rocksdb({.path = folder / "kv"});
  CHECK(opened.code() == Code::corruption);
}

TEST_CASE("rocksdb: who hears a line of its log may ask the store how it is") {
  spind::test::TemporaryFolder folder;
  std::atomic<Store*> store = nullptr;
  std::atomic<int> heard = 0;
  RocksdbOptions options{.path = folder / "kv", .memory_budget_bytes = std::uint64_t{8} << 20};
  options.log = [&](std::string_view) {
    ++heard;
    if (Store* const asked = store.load()) (void)asked->metrics();
  };
  auto opened = must_open(std::move(options));
  store = opened.get();
  // More than can be flushed at once, so that RocksDB complains.
  const std::string value(15'000, 'v');
  for (int i = 0; i < 20'000 && heard == 0; ++i)
    REQUIRE(put(*opened, "a" + std::to_string(i), value).status.ok());
  CHECK(heard > 0);
  store = nullptr;
}

TEST_CASE("rocksdb: what was replaced or erased can be made to leave all files") {
  spind::test::TemporaryFolder folder;
  const auto files_with = [&](std::string_view text) {
    std::size_t found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "kv")) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), {}};
      found += bytes.find(text) != std::string::npos ? 1 : 0;
    }
    return found;
  };
  const auto write = [](Store& store, std::string_view small, std::string_view large) {
    const Answer answer = store.update({"a"}, [&](Transaction& rows) -> Outcome {
      for (std::size_t family = 0; family < kFamilyCount; ++family) {
        rows.put(static_cast<Family>(family), "a replaced", small);
        rows.put(static_cast<Family>(family), "a large", large);
        rows.put(static_cast<Family>(family), "a erased", small);
      }
      return Commit{};
    });
    REQUIRE(store.wait(answer.ticket).ok());
  };
  const std::string small = "Locker 17", large(5'000, '7');
  auto store = must_open({.path = folder / "kv"});
  write(*store, small, large + small);
  store = nullptr;
  store = must_open({.path = folder / "kv"});  // from now on they lie in tables, too
  CHECK(files_with(small) > 0);
  write(*store, "other", "another");
  const Answer erased = store->update({"a"}, [&](Transaction& rows) -> Outcome {
    for (std::size_t family = 0; family < kFamilyCount; ++family)
      rows.erase(static_cast<Family>(family), "a erased");
    return Commit{};
  });
  REQUIRE(store->wait(erased.ticket).ok());
  CHECK(files_with(small) > 0);
  std::vector<Range> ranges;
  for (std::size_t family = 0; family < kFamilyCount; ++family)
    ranges.push_back({static_cast<Family>(family), "a", "b"});
  REQUIRE(store->forget_replaced(ranges).ok());
  CHECK(files_with(small) == 0);
  CHECK(store->durable()->get(Family::attachment, "a large").value() == "another");
}

TEST_CASE("rocksdb: a folder that cannot be is an error, not a crash") {
  CHECK(open_rocksdb({.path = "/dev/null/kv"}).code() == Code::not_a_folder);
  CHECK(open_rocksdb({.path = "/no/such/folder/kv"}).code() == Code::not_found);
}

TEST_CASE("rocksdb: the reserve refuses writes, lets removals pass, and gives way") {
  spind::test::TemporaryFolder folder;
  TestFiles files;
  TestClock clock;
  auto store = must_open(
      {.path = folder / "kv", .clock = clock, .files = files, .free_space_reserve_bytes = 1 << 30});
  REQUIRE(put_durably(*store, "a1", "one").ok());
  files.free_bytes = 1 << 29;
  clock.advance(kSecondNs);
  const Status refused = put_durably(*store, "a2", "two");
  CHECK(refused.code() == Code::no_space);
  CHECK(refused.error().limit == std::uint64_t{1} << 30);
  CHECK(refused.error().used == std::uint64_t{1} << 29);
  CHECK(store->health().ok());
  const auto remove = [&] {
    return store->update({"a"}, [](Transaction& transaction) -> Outcome {
      transaction.use_reserve();
      transaction.erase(Family::state, "a1");
      return Commit{};
    });
  };
  CHECK(remove().status.ok());
  files.free_bytes = 1 << 20;
  clock.advance(kSecondNs);
  CHECK(remove().status.code() == Code::no_space);
  files.free_bytes = std::uint64_t{1} << 31;
  clock.advance(kSecondNs);
  CHECK(put_durably(*store, "a2", "two").ok());
}

TEST_CASE("rocksdb: a cursor keeps what it lent while the store is opened anew, then lets go") {
  RocksdbKind store;
  for (int i = 0; i < 1000; ++i)
    REQUIRE(put(*store, "a" + std::to_string(1000 + i), "v").status.ok());
  REQUIRE(store->wait(store->latest()).ok());
  const SnapshotRef snapshot = store->durable();
  auto cursor = snapshot->scan(Family::state, "a", "b");
  REQUIRE(cursor->valid());
  const std::string_view borrowed = cursor->key();

  store.fill_device(true);
  CHECK(put_durably(*store, "b", "full").code() == Code::no_space);
  store.fill_device(false);
  std::thread reviver([&] { CHECK(put_when_room(store, "b", "room").status.ok()); });
  while (snapshot->get(Family::state, "a1000").ok()) std::this_thread::yield();
  CHECK(borrowed == "a1000");
  cursor->next();
  CHECK_FALSE(cursor->valid());
  CHECK(cursor->status().code() == Code::unavailable);
  reviver.join();
  CHECK(rows(*store->durable(), "a", "c").size() >= 1000);
}

TEST_CASE("rocksdb: a flush that fails poisons the store, reads go on, and opening anew helps") {
  spind::test::TemporaryFolder folder;
  const auto device = std::make_shared<TestDevice>();
  const RocksdbOptions options{
      .path = folder / "kv", .memory_budget_bytes = std::uint64_t{8} << 20, .file_system = device};
  auto store = must_open(options);
  REQUIRE(put_durably(*store, "a1", "durable").ok());
  const Ticket durable = store->latest();
  device->tables_fail = true;
  const std::string value(15'000, 'v');
  for (int i = 0; i < 20'000 && store->health().ok(); ++i)
    (void)put(*store, "b" + std::to_string(i), value);

  const auto says_why = [](const Status& status) {
    return status.code() == Code::unavailable &&
           status.error().text.find("the test device has a bad block") != std::string::npos;
  };
  CHECK(says_why(store->health()));
  CHECK(store->metrics().poisoned);
  device->tables_fail = false;
  for (int i = 0; i < 3; ++i) CHECK(says_why(put(*store, "a2", "refused").status));
  CHECK(store->wait(durable).ok());
  CHECK(read(*store->durable(), "a1") == "durable");
  CHECK(rows(*store->durable(), "a", "b").size() == 1);

  store.reset();
  store = must_open(options);
  CHECK(store->health().ok());
  CHECK_FALSE(store->metrics().poisoned);
  CHECK(read(*store->durable(), "a1") == "durable");
  CHECK(read(*store->durable(), "a2") == std::nullopt);
  CHECK(put_durably(*store, "a2", "taken").ok());
}

TEST_CASE("rocksdb: many threads while the device fills and empties, and what was said holds") {
  RocksdbKind store;
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> puts{0}, refusals{0};
  std::vector<std::thread> writers;
  for (int t = 0; t < 8; ++t) {
    writers.emplace_back([&, t] {
      const std::string prefix(1, static_cast<char>('a' + t));
      std::vector<std::string> durable;
      for (int i = 0; !done; ++i) {
        const std::string key = prefix + std::to_string(i);
        const Status status = put_durably(*store, key, std::string(3000, 'v'));
        if (!status.ok()) {
          CHECK((status.code() == Code::no_space || status.code() == Code::unavailable));
          ++refusals;
          std::this_thread::yield();
          continue;
        }
        ++puts;
        durable.push_back(key);
      }
      for (const std::string& key : durable) CHECK(read(*store->durable(), key));
    });
  }
  const auto await = [](std::atomic<std::uint64_t>& count, std::uint64_t more) {
    for (const std::uint64_t until = count + more; count < until;) std::this_thread::yield();
  };
  for (int round = 0; round < 5; ++round) {
    await(puts, 100);
    store.fill_device(true);
    await(refusals, 100);
    store.fill_device(false);
    CHECK(put_when_room(store, "z", "room").status.ok());
  }
  await(puts, 100);
  done = true;
  for (std::thread& writer : writers) writer.join();
}

TEST_CASE("rocksdb: memory stays within the budget, whatever is written and read") {
  spind::test::TemporaryFolder folder;
  constexpr std::uint64_t kBudget = 16 << 20;
  auto store = must_open({.path = folder / "kv", .memory_budget_bytes = kBudget});
  std::uint64_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(put(*store, "a" + std::to_string(i), std::string(4096, 'v'), Family::attachment)
                .status.ok());
    if (i % 100 == 0) most = std::max(most, store->metrics().memory_bytes);
  }
  REQUIRE(store->wait(store->latest()).ok());
  for (int i = 0; i < 10'000; i += 3)
    CHECK(read(*store->durable(), "a" + std::to_string(i), Family::attachment));
  most = std::max(most, store->metrics().memory_bytes);
  CHECK(most <= kBudget + kBudget / 8);
  CHECK(store->metrics().disk_bytes > (std::uint64_t{20} << 20));
}

TEST_CASE("rocksdb: replay stops at a hole in the log") {
  rocksdb::WriteBatch batch;
  REQUIRE(batch.Put("k1", "v").ok());
  REQUIRE(batch.Put("k2", "v").ok());
  LogGaps gaps;
  bool changed = false;
  const auto at = [&](std::uint64_t sequence) {
    std::string bytes = batch.Data();
    for (int i = 0; i < 8; ++i)
      bytes[static_cast<std::size_t>(i)] = static_cast<char>(sequence >> (8 * i));
    return gaps.LogRecordFound(1, "log", rocksdb::WriteBatch(bytes), nullptr, &changed);
  };
  using Option = rocksdb::WalFilter::WalProcessingOption;
  CHECK(at(500) == Option::kContinueProcessing);
  CHECK(at(502) == Option::kContinueProcessing);
  CHECK_FALSE(gaps.found());
  CHECK(at(506) == Option::kStopReplay);
  CHECK(gaps.found());
}

#endif
