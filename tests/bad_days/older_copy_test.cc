// A copy of a store, on blobs that another copy has used since; and blobs that cannot tell two
// stores apart.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "bad_days/all_verbs.h"
#include "spind/blob_layers.h"
#include "spind/blob_places.h"
#include "support/store/content.h"
#include "support/store/open_door.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::size_t kFileSizes[] = {1'000, 100'000, 9 << 20};
constexpr std::chrono::milliseconds kNoTime{0};

using Log = std::vector<std::string>;

// A place that may let several creates of one name win, and that counts what changes it.
class Watched final : public BlobStore {
 public:
  std::atomic<bool> atomic = true;
  std::atomic<int> changes = 0, cleared = 0, tried = 0;

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override {
    ++changes;
    return under_->put(name, bytes);
  }
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override {
    return under_->get(name, size_bytes_max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    return under_->range(name, offset, out);
  }
  Status remove(std::string_view name) override {
    ++changes;
    return under_->remove(name);
  }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return under_->list(prefix, after, count_max);
  }
  Result<bool> creates_are_atomic() override {
    ++tried;
    return atomic.load();
  }
  void clear_leftovers() override { ++cleared; }

 private:
  const std::shared_ptr<BlobStore> under_ = memory_blobs();
};

// Stores on one place for blobs.
struct Copies {
  Result<Store> open(const std::string& name, bool adopt = false) {
    options.create = true;
    options.memory_bytes = kMemoryBytesMin;
    options.blobs = blobs;
    options.adopt_blobs = adopt;
    options.upkeep_period = kNoTime;
    options.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex);
      log.emplace_back(line);
    };
    engine::Seams seams;
    seams.owner_look = look;
    return engine::open_with(folder / name, options, seams);
  }
  bool logged(std::string_view part) {
    const std::lock_guard lock(mutex);
    return std::any_of(log.begin(), log.end(),
                       [&](const std::string& line) { return line.find(part) != line.npos; });
  }
  // What a copy of its folder is worth, made while the store was closed.
  void copy(const std::string& from, const std::string& to) {
    std::filesystem::copy(folder / from, folder / to, std::filesystem::copy_options::recursive);
  }
  std::map<std::string, std::uint64_t> blobs_there() {
    std::map<std::string, std::uint64_t> there;
    const auto items = blobs->list("", "", 10'000);
    for (const BlobListItem& item : *items) there[item.name] = item.size_bytes;
    return there;
  }

  TemporaryFolder folder;
  std::shared_ptr<Watched> blobs = std::make_shared<Watched>();
  std::chrono::milliseconds look = std::chrono::hours(1);
  StoreOptions options;
  std::mutex mutex;
  Log log;
};

Space space_of(Store& store) {
  const Session ada = store.session({.user = "ada"}).value();
  auto space = ada.space_by_alias("s");
  return space.ok() ? *space : ada.create_space({.alias = "s"}).value();
}

std::string path_of(std::size_t size) { return "/" + std::to_string(size); }

void put_files(Store& store, std::uint64_t seed) {
  for (const std::size_t size : kFileSizes)
    REQUIRE(space_of(store).put(path_of(size), content(seed, size)).ok());
}

void check_files(Store& store, std::uint64_t seed) {
  for (const std::size_t size : kFileSizes)
    CHECK(space_of(store).get(path_of(size)).value() == content(seed, size));
}

bool shows(const Store& store, const std::string& line) {
  return store.metrics().find("\n" + line + "\n") != std::string::npos;
}

// All that a store of before has to offer and that changes something.
void check_refuses_all(Store& store, const std::string& elsewhere) {
  const Space space = space_of(store);
  for (Request request : all_verbs(path_of(1'000))) {
    CAPTURE(verb_name(request.verb));
    for (const std::uint64_t size : {std::uint64_t{100}, std::uint64_t{100'000}}) {
      request.size_bytes = size;
      if (changes(request.verb)) CHECK(run(space, request).code == Code::conflict);
    }
  }
  const Session ada = store.session({.user = "ada"}).value();
  CHECK(ada.create_space({.alias = "other"}).code() == Code::conflict);
  CHECK(space.update({.name = "another"}).code() == Code::conflict);
  CHECK(space.rewind({.entry = 1}).code() == Code::conflict);
  CHECK(space.set_favourite("/", true).code() == Code::conflict);
  CHECK(store.collect({.grace = std::chrono::seconds(0)}).code() == Code::conflict);
  CHECK(store.check({.repair = true}).code() == Code::conflict);
  CHECK(store.scrub().code() == Code::conflict);
  CHECK(store.flush_staged().code() == Code::conflict);
  CHECK(store.move_blobs(folder_blobs(elsewhere).value()).code() == Code::conflict);
  CHECK(store.move_blobs(nullptr).code() == Code::conflict);
  const Status health = store.health();
  REQUIRE(health.code() == Code::conflict);
  CHECK(health.error().text.find("spind adopt") != std::string::npos);
}

}  // namespace

TEST_CASE("bad day: an older copy of a store is only read, until it adopts the blobs") {
  for (const Durability durability : {Durability::pack, Durability::staged}) {
    Copies copies;
    copies.options.durability = durability;
    copies.options.staged_period = std::chrono::hours(24);
    {
      Store store = copies.open("store").value();
      put_files(store, 1);
    }
    copies.copy("store", "copy");
    Store store = copies.open("store").value();
    REQUIRE(space_of(store).put("/later", content(7, 9 << 20)).ok());
    const auto blobs = copies.blobs_there();
    const int changes = copies.blobs->changes, cleared = copies.blobs->cleared;

    // Sooner than any of its threads would look after it.
    copies.options.staged_period = std::chrono::milliseconds(1);
    copies.options.scrub_rate_bytes = 1 << 30;
    copies.options.scrub_period = std::chrono::milliseconds(1);
    Store copy = copies.open("copy").value();
    CHECK(copies.logged("another copy of this store has used its blobs"));
    CHECK(copy.blob_status()->read_only);
    CHECK(shows(copy, "spind_store_read_only 1"));
    CHECK(shows(copy, "spind_store_poisoned 0"));
    check_files(copy, 1);
    CHECK(space_of(copy).stat("/later").code() == Code::not_found);
    CHECK(space_of(copy).list("/").value().items.size() == std::size(kFileSizes));
    const CheckReport report = copy.check({.read_content = true}).value();
    for (const CheckFinding& finding : report.findings)
      if (finding.kind != "stray_blob") FAIL_CHECK(finding.kind, ": ", finding.text);
    check_refuses_all(copy, copies.folder / "elsewhere");
    REQUIRE(copy.checkpoint(copies.folder / "second copy").ok());
    CHECK(copy.close().ok());
    CHECK(copies.blobs_there() == blobs);
    CHECK(copies.blobs->changes == changes);
    CHECK(copies.blobs->cleared == cleared);
    CHECK(shows(store, "spind_store_read_only 0"));
    CHECK(space_of(store).get("/later").value() == content(7, 9 << 20));
    REQUIRE(space_of(store).put("/and later", content(8, 100'000)).ok());

    copy = copies.open("copy", true).value();
    CHECK(shows(copy, "spind_store_read_only 0"));
    CHECK(copies.blobs->cleared == cleared + 1);
    REQUIRE(space_of(copy).put("/mine", content(9, 9 << 20)).ok());
    check_files(copy, 1);
  }
}

TEST_CASE("older copy: one that is only read gets no keys, nor does a store without its blobs") {
  Copies copies;
  copies.blobs = std::make_shared<Watched>();
  Store original = copies.open("store").value();
  put_files(original, 1);
  REQUIRE(original.close().ok());
  copies.copy("store", "older");
  original = copies.open("store").value();
  REQUIRE(original.close().ok());
  copies.options.keys = open_door();
  copies.options.encrypt_existing = true;
  CHECK(copies.open("older").code() == Code::invalid_argument);
  StoreOptions nowhere;
  nowhere.keys = open_door();
  nowhere.encrypt_existing = true;
  CHECK(Store::open(copies.folder / "store", nowhere).code() == Code::invalid_argument);
  copies.options.keys = nullptr;
  copies.options.encrypt_existing = false;
  for (const char* name : {"older", "store"}) {
    Store plain = copies.open(name).value();
    check_files(plain, 1);
  }
}

TEST_CASE("bad day: a store whose blobs another copy adopts notices it, and writes no more") {
  Copies copies;
  copies.look = std::chrono::milliseconds(2);
  {
    Store store = copies.open("store").value();
    put_files(store, 1);
  }
  copies.copy("store", "copy");
  Store store = copies.open("store").value();
  const Session deferred = store.session({.user = "ada", .deferred = true}).value();
  const Space space = deferred.space_by_alias("s").value();
  REQUIRE(space.put("/before", "before").ok());
  Store copy = copies.open("copy", true).value();
  while (store.health().ok()) std::this_thread::yield();
  // What was done before it noticed is durable, and what comes is refused, however small it is.
  CHECK(deferred.wait().ok());
  CHECK(space_of(store).get("/before").value() == "before");
  CHECK(copies.logged("nothing is written any more"));
  CHECK(shows(store, "spind_store_read_only 1"));
  check_files(store, 1);
  check_refuses_all(store, copies.folder / "elsewhere");
  CHECK(store.close().code() == Code::conflict);
  CHECK(space_of(copy).put("/mine", "mine").ok());
  check_files(copy, 1);
  // It goes on reading when it is opened again.
  store = copies.open("store").value();
  CHECK(store.health().code() == Code::conflict);
  check_files(store, 1);
}

TEST_CASE("bad day: blobs that cannot tell two stores apart are used only where that is allowed") {
  Copies copies;
  copies.blobs->atomic = false;
  const auto refused = copies.open("store");
  REQUIRE(refused.code() == Code::unsupported);
  CHECK(refused.error().text.find("--allow-unfenced") != std::string::npos);
  CHECK(copies.blobs->list("", "", 10).value().empty());
  copies.options.allow_unfenced = true;
  {
    Store store = copies.open("store").value();
    CHECK(store.blob_status()->unfenced);
    CHECK(copies.logged("let there never be one"));
    put_files(store, 1);
  }
  // It is said at each opening, without trying anew.
  copies.options.allow_unfenced = false;
  const int tried = copies.blobs->tried;
  CHECK(copies.open("store").code() == Code::unsupported);
  CHECK(copies.blobs->tried == tried);
  // An adoption tries again, and finds a server that has become better.
  CHECK(copies.open("store", true).code() == Code::unsupported);
  copies.blobs->atomic = true;
  CHECK_FALSE(copies.open("store", true).value().blob_status()->unfenced);
  Store store = copies.open("store").value();
  check_files(store, 1);

  const auto worse = std::make_shared<Watched>();
  worse->atomic = false;
  CHECK(store.move_blobs(worse).code() == Code::unsupported);
  CHECK(worse->list("", "", 10).value().empty());
  REQUIRE(store.move_blobs(worse, {.allow_unfenced = true}).ok());
  copies.blobs = worse;
  CHECK(copies.open("store").code() == Code::unsupported);
  copies.options.allow_unfenced = true;
  store = copies.open("store").value();
  check_files(store, 1);
}

}  // namespace spind::test
