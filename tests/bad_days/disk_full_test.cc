// The device is full, read-only, or bad in places: at any write, of RocksDB, of packs, of objects.
#include <doctest/doctest.h>

#include <functional>
#include <thread>

#include "support/store/content.h"
#include "support/store/device.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

class DeviceStore {
 public:
  explicit DeviceStore(std::uint64_t reserve_bytes)
      : files_(Files::system(), device),
        store(MetadataEngine::rocksdb, seams(), options(reserve_bytes)) {}

  Device device;

 private:
  engine::Seams seams() {
    engine::Seams seams;
    seams.files = &files_;
    seams.open_kv = rocksdb_on(device_file_system(device));
    return seams;
  }
  static StoreOptions options(std::uint64_t reserve_bytes) {
    StoreOptions options;
    options.free_space_reserve_bytes = reserve_bytes;
    return options;
  }

  DeviceFiles files_;

 public:
  TestStore store;
};

// Sizes that are kept inline, in a pack, and as objects.
constexpr std::uint64_t kSizes[] = {3'000, 50'000, 1'200'000};

// Puts files until one is refused; how many are there, and the refusal.
std::pair<std::uint64_t, Code> fill(const Space& space, const std::string& prefix,
                                    std::uint64_t size_bytes) {
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const Result<Written> put =
        space.put("/" + prefix + std::to_string(i), content(size_bytes + i, size_bytes));
    if (!put.ok()) return {i, put.code()};
  }
  return {10'000, Code::ok};
}

void check_all(const Space& space, const std::string& prefix, std::uint64_t size_bytes,
               std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const Result<std::string> bytes = space.get("/" + prefix + std::to_string(i));
    REQUIRE(bytes.ok());
    REQUIRE(*bytes == content(size_bytes + i, size_bytes));
  }
}

// There is room again: the store sees it after a moment of its own choosing, at most a few seconds.
template <class Work>
bool works_again(const Work& work) {
  for (int wait = 0; wait < 100; ++wait) {
    if (work()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}
bool puts_again(const Space& space) {
  return works_again([&] { return space.put("/after", "x").ok(); });
}

}  // namespace

TEST_CASE("bad day: below the reserve of free space writes are refused before RocksDB fails") {
  for (const std::uint64_t size_bytes : kSizes) {
    CAPTURE(size_bytes);
    DeviceStore disk(1 << 20);
    const Space space = disk.store.make_space("full");
    disk.device.set_free((1 << 20) + 20 * size_bytes);
    const auto [count, code] = fill(space, "a", size_bytes);
    CHECK(code == Code::no_space);
    CHECK(count > 0);
    CHECK(disk.device.free_bytes() > (1 << 19));
    check_all(space, "a", size_bytes, count);
    CHECK(disk.store.store().health().ok());
    disk.device.set_free(std::uint64_t{1} << 40);
    CHECK(puts_again(space));
    CHECK(disk.store.findings(true) == "");
  }
}

TEST_CASE("bad day: on a full disk nothing is lost, and after room is made writes go on") {
  for (const std::uint64_t size_bytes : kSizes) {
    CAPTURE(size_bytes);
    for (std::uint64_t step = 0; step < scaled(4, 16, 200); ++step) {
      CAPTURE(step);
      DeviceStore disk(0);
      const Space space = disk.store.make_space("full");
      REQUIRE(space.put("/before", "there before").ok());
      disk.device.set_free(step * step * size_bytes / 7);
      const auto [count, code] = fill(space, "a", size_bytes);
      CHECK(code == Code::no_space);
      check_all(space, "a", size_bytes, count);
      CHECK(*space.get("/before") == "there before");

      disk.device.set_free(std::uint64_t{1} << 40);
      REQUIRE(puts_again(space));
      check_all(space, "a", size_bytes, count);
      CHECK(disk.store.findings(true) == "");
      disk.store.reopen();
      check_all(disk.store.space("full"), "a", size_bytes, count);
      CHECK(disk.store.findings(true) == "");
    }
  }
}

TEST_CASE("bad day: on a full disk the first thing that is done may be what makes room") {
  using Work = std::function<bool(const Store&, const Space&)>;
  const Work works[] = {
      [](const Store& store, const Space&) { return store.collect().ok(); },
      [](const Store&, const Space& space) { return space.empty_trash().ok(); },
      [](const Store&, const Space& space) { return space.thin_versions().ok(); }};
  for (const Work& work : works) {
    DeviceStore disk(0);
    const Space space = disk.store.make_space("full");
    REQUIRE(space.put("/gone", content(1, 50'000)).ok());
    REQUIRE(space.remove("/gone").ok());
    disk.device.set_free(20'000);
    CHECK(fill(space, "a", 3'000).second == Code::no_space);
    disk.device.set_free(std::uint64_t{1} << 40);
    CHECK(works_again([&] { return work(disk.store.store(), space); }));
    CHECK(disk.store.store().health().ok());
    CHECK(disk.store.findings(true) == "");
  }
}

TEST_CASE("bad day: a session that waits later is told of what a full disk lost, once") {
  DeviceStore disk(0);
  REQUIRE(disk.store.make_space("full").put("/before", "there before").ok());
  const Session deferred = disk.store.session("ada", true);
  const Space space = deferred.space_by_alias("full").value();
  REQUIRE(deferred.wait().ok());
  disk.device.set_free(20'000);
  const auto [count, code] = fill(space, "a", 3'000);  // none of which anybody waits for
  REQUIRE(count > 0);
  REQUIRE(code == Code::no_space);
  disk.device.set_free(std::uint64_t{1} << 40);
  REQUIRE(puts_again(space));
  REQUIRE(space.put("/after", "y").ok());
  CHECK(deferred.wait().code() == Code::no_space);
  CHECK(deferred.wait().ok());
  CHECK(*space.get("/after") == "y");
  CHECK(*space.get("/before") == "there before");
  CHECK(disk.store.findings(true) == "");
}

TEST_CASE("bad day: on a read-only disk writes are refused and reads go on") {
  DeviceStore disk(0);
  const Space space = disk.store.make_space("read-only");
  for (const std::uint64_t size_bytes : kSizes)
    REQUIRE(space.put("/" + std::to_string(size_bytes), content(1, size_bytes)).ok());
  disk.device.set_read_only(true);
  for (const std::uint64_t size_bytes : kSizes) {
    CAPTURE(size_bytes);
    const Code code = space.put("/new", content(2, size_bytes)).code();
    CHECK((code == Code::io_error || code == Code::unavailable));
    CHECK(space.get("/" + std::to_string(size_bytes)).value() == content(1, size_bytes));
  }
  CHECK(space.stat("/new").code() == Code::not_found);
  disk.store.close();
  const Status opened = disk.store.open();
  CHECK((!opened.ok() && opened.code() == Code::io_error));
  disk.device.set_read_only(false);
  REQUIRE(disk.store.open().ok());
  CHECK(disk.store.space("read-only").put("/new", "x").ok());
  CHECK(disk.store.findings(true) == "");
}

// A checkpoint makes RocksDB write a table at once, as it does by itself when it has enough rows.
TEST_CASE("bad day: rows that a bad disk does not take end all writing, and reads go on") {
  DeviceStore disk(0);
  const Space space = disk.store.make_space("bad");
  for (const std::uint64_t size_bytes : kSizes)
    REQUIRE(space.put("/" + std::to_string(size_bytes), content(1, size_bytes)).ok());
  Store& store = disk.store.store();
  CHECK(store.metrics().find("spind_store_poisoned 0\n") != std::string::npos);
  disk.device.set_tables_fail(true);
  const TemporaryFolder folder;
  CHECK(store.checkpoint(folder / "copy").code() == Code::io_error);

  const auto says_why = [](const Status& status) {
    return status.code() == Code::unavailable &&
           status.error().text.find("the device has a bad block") != std::string::npos;
  };
  CHECK(says_why(store.health()));
  CHECK(store.metrics().find("spind_store_poisoned 1\n") != std::string::npos);
  disk.device.set_tables_fail(false);
  const Result<Written> put = space.put("/new", "x");
  CHECK((!put.ok() && says_why(put.error())));
  for (const std::uint64_t size_bytes : kSizes)
    CHECK(space.get("/" + std::to_string(size_bytes)).value() == content(1, size_bytes));
  CHECK(space.stat("/new").code() == Code::not_found);

  disk.store.reopen();
  CHECK(disk.store.store().health().ok());
  CHECK(disk.store.store().metrics().find("spind_store_poisoned 0\n") != std::string::npos);
  for (const std::uint64_t size_bytes : kSizes)
    CHECK(disk.store.space("bad").get("/" + std::to_string(size_bytes)).value() ==
          content(1, size_bytes));
  CHECK(disk.store.space("bad").put("/new", "x").ok());
  CHECK(disk.store.findings(true) == "");
}

}  // namespace spind::test
