// The bytes of a store go to another place and back, whatever happens on the way.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "base/try.h"
#include "spind/blob_layers.h"
#include "spind/blob_mirror.h"
#include "spind/blob_places.h"
#include "support/store/content.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

using Place = std::shared_ptr<BlobStore>;

constexpr std::size_t kMovedSizes[] = {1'000, 40'000, 100'000, 10 << 20};

// A store that is opened where it lives, or where a test says.
struct Mover {
  Result<Store> open(const Place& place, const engine::Seams& seams = {}) {
    StoreOptions options;
    options.create = true;
    options.blobs = place;
    options.upkeep_period = std::chrono::milliseconds(0);
    return engine::open_with(folder / "store", options, seams);
  }
  std::filesystem::path inside(const std::string& name) {
    return std::filesystem::path(folder / "store") / name;
  }
  TemporaryFolder folder;
};

Space space_there(Store& store) {
  return store.session({.user = "ada"}).value().space_by_alias("s").value();
}

void fill(Store& store, std::uint64_t seed) {
  const Space space = store.session({.user = "ada"}).value().create_space({.alias = "s"}).value();
  for (const std::size_t size : kMovedSizes)
    REQUIRE(space.put(fmt::format("/{}", size), content(seed, size)).ok());
  // A dead one among them, whose bytes are given back where that can be.
  REQUIRE(space.put("/gone", content(seed + 1, 90'000)).ok());
  REQUIRE(space.put("/behind", content(seed + 2, 30'000)).ok());
  REQUIRE(space.remove("/gone").ok());
  REQUIRE(space.empty_trash().ok());
  for (int i = 0; i < 2; ++i)
    REQUIRE(store.collect({.grace = std::chrono::seconds(0), .forget = space.id()}).ok());
}

void check_there(Store& store, std::uint64_t seed) {
  for (const std::size_t size : kMovedSizes)
    CHECK(space_there(store).get(fmt::format("/{}", size)).value() == content(seed, size));
  CHECK(space_there(store).get("/behind").value() == content(seed + 2, 30'000));
  const CheckReport report = store.check({.read_content = true}).value();
  for (const CheckFinding& finding : report.findings) FAIL_CHECK(finding.kind, ": ", finding.text);
  CHECK(store.scrub().value().findings_total == 0);
}

std::size_t names_in(BlobStore& place, const std::string& prefix = "") {
  return place.list(prefix, "", 10'000)->size();
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  return files;
}

std::size_t files_below(const std::filesystem::path& folder) { return files_in(folder).size(); }

// One in a pack and one by itself, for what is done again and again.
constexpr std::size_t kFew[] = {40'000, 1'100'000};

void fill_few(Store& store) {
  const Space space = store.session({.user = "ada"}).value().create_space({.alias = "s"}).value();
  for (const std::size_t size : kFew)
    REQUIRE(space.put(fmt::format("/{}", size), content(1, size)).ok());
}

void check_few(Store& store) {
  for (const std::size_t size : kFew)
    CHECK(space_there(store).get(fmt::format("/{}", size)).value() == content(1, size));
  CHECK(store.check({.read_content = true}).value().findings_total == 0);
}

// What the store left in its folder goes by itself.
void await_emptied(Mover& mover, Store& store) {
  while (store.blob_status()->left_behind) std::this_thread::yield();
  CHECK(files_below(mover.inside("objects")) == 0);
  CHECK(files_below(mover.inside("packs")) == 0);
}

void empty_left(Store& store, const Place& place) {
  CHECK(store.blob_status()->left_behind);
  REQUIRE(store.empty_left_place(place).ok());
  CHECK_FALSE(store.blob_status()->left_behind);
  CHECK(names_in(*place) == 0);
}

template <class Answer>
std::string why(const Result<Answer>& answer) {
  return answer.ok() ? "" : answer.error().to_string();
}

// A place whose n-th call fails, or all from there on; counted from when it is armed.
class Shaky final : public BlobStore {
 public:
  void arm(std::int64_t n, Code code, bool lasting = false) {
    code_ = code;
    lasting_ = lasting;
    fired_ = false;
    left_ = n;
  }
  void disarm() { left_ = -1; }
  bool fired() const { return fired_; }

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override {
    if (fails()) return error();
    return behind_->put(name, bytes);
  }
  Result<std::vector<std::uint8_t>> get(std::string_view name, std::uint64_t max) override {
    if (fails()) return error();
    return behind_->get(name, max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    if (fails()) return error();
    return behind_->range(name, offset, out);
  }
  Status remove(std::string_view name) override {
    if (fails()) return error();
    return behind_->remove(name);
  }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    if (fails()) return error();
    return behind_->list(prefix, after, count_max);
  }

 private:
  bool fails() {
    if (left_ < 0) return false;
    if (left_ == 0) return lasting_;
    const bool now = --left_ == 0;
    fired_ = fired_ || now;
    return now;
  }
  Error error() const { return {.code = code_, .text = "the place is shaky"}; }

  const Place behind_ = memory_blobs();
  std::atomic<std::int64_t> left_{-1};
  std::atomic<bool> fired_{false}, lasting_{false};
  std::atomic<Code> code_{Code::io_error};
};

}  // namespace

TEST_CASE("move blobs: from the folder to given blobs, to others, and back") {
  Mover mover;
  Store store = mover.open(nullptr).value();
  fill(store, 1);
  CHECK(store.blob_status()->in_folder);
  const Place first = memory_blobs(), second = memory_blobs();
  const MoveBlobsReport there = store.move_blobs(first).value();
  CHECK(there.blobs >= 3);
  CHECK(there.bytes > kMovedSizes[3]);
  CHECK(there.damaged == 0);
  CHECK(store.session({.user = "ada"}).value().space_by_alias("s").code() == Code::unavailable);

  store = mover.open(first).value();
  await_emptied(mover, store);
  CHECK_FALSE(store.blob_status()->in_folder);
  CHECK_FALSE(store.blob_status()->move_started);
  check_there(store, 1);
  CHECK(names_in(*first, "move/") == 0);
  REQUIRE(space_there(store).put("/new", content(9, 200'000)).ok());
  REQUIRE(store.move_blobs(second).ok());

  store = mover.open(second).value();
  empty_left(store, first);
  check_there(store, 1);
  CHECK(space_there(store).get("/new").value() == content(9, 200'000));
  REQUIRE(store.move_blobs(nullptr).ok());
  CHECK_FALSE(std::filesystem::exists(mover.inside("incoming")));

  store = mover.open(nullptr).value();
  empty_left(store, second);
  check_there(store, 1);
  CHECK(space_there(store).get("/new").value() == content(9, 200'000));
  // Packs that came from there are appended to, and what is removed goes.
  REQUIRE(space_there(store).put("/after", content(10, 50'000)).ok());
  for (const std::size_t size : kMovedSizes)
    REQUIRE(space_there(store).remove(fmt::format("/{}", size)).ok());
  REQUIRE(space_there(store).empty_trash().ok());
  const SpaceId id = space_there(store).id();
  for (int i = 0; i < 2; ++i)
    REQUIRE(store.collect({.grace = std::chrono::seconds(0), .forget = id}).ok());
  CHECK(files_below(mover.inside("objects")) == 0);
  CHECK(space_there(store).get("/after").value() == content(10, 50'000));
  CHECK(space_there(store).get("/behind").value() == content(3, 30'000));
  CHECK(store.check({.read_content = true}).value().findings_total == 0);
}

TEST_CASE("move blobs: the store is opened where it lives, and nowhere else") {
  Mover mover;
  Store store = mover.open(nullptr).value();
  fill(store, 1);
  const Place first = memory_blobs(), second = memory_blobs();
  CHECK(store.move_blobs(nullptr).code() == Code::invalid_argument);
  CHECK(space_there(store).get("/behind").ok());
  REQUIRE(store.move_blobs(first).ok());
  CHECK(why(mover.open(nullptr)).find("give it as StoreOptions::blobs") != std::string::npos);
  CHECK(mover.open(second).code() == Code::conflict);
  store = mover.open(first).value();
  CHECK(store.move_blobs(first).code() == Code::invalid_argument);
  REQUIRE(store.move_blobs(second).ok());
  CHECK(mover.open(first).code() == Code::conflict);
  store = mover.open(second).value();
  REQUIRE(store.move_blobs(nullptr).ok());
  CHECK(why(mover.open(second)).find("open it without a blob store") != std::string::npos);
  store = mover.open(nullptr).value();
  check_there(store, 1);
}

TEST_CASE("move blobs: where blobs of others lie nothing moves, and the store goes on") {
  Mover mover, other;
  const Place taken = memory_blobs();
  REQUIRE(other.open(taken).ok());
  Store store = mover.open(nullptr).value();
  fill(store, 1);
  const std::size_t before = names_in(*taken);
  CHECK(store.move_blobs(taken).code() == Code::conflict);
  CHECK(names_in(*taken) == before);
  check_there(store, 1);
  CHECK(other.open(taken).ok());
}

TEST_CASE("move blobs: writers, readers and the collector go on until the last blobs") {
  for (const bool back : {false, true}) {
    Mover mover;
    const Place given = memory_blobs();
    const Place from = back ? given : nullptr, to = back ? nullptr : given;
    Store store = mover.open(from).value();
    fill(store, 1);
    const Space space = space_there(store);
    constexpr std::uint64_t kMany = 30;
    for (std::uint64_t i = 0; i < kMany; ++i)
      REQUIRE(space.put(fmt::format("/many {}", i), content(100 + i, 1'100'000)).ok());
    std::atomic<std::uint64_t> acknowledged{0};
    std::atomic<int> read{0}, wrong{0};
    const auto is_over = [&](Code code) {
      if (code != Code::ok && code != Code::unavailable) ++wrong;
      return code != Code::ok;
    };
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
      for (std::uint64_t i = 0;; ++i) {
        const std::size_t size = i % 8 == 0 ? 1'200'000 : 30'000;
        if (is_over(space.put(fmt::format("/later {}", i), content(1000 + i, size)).code())) return;
        acknowledged = i + 1;
        if (i >= kMany) {
          // All of them are read again at the end.
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
          continue;
        }
        if (is_over(space.remove(fmt::format("/many {}", i)).code())) return;
        if (is_over(space.empty_trash().code())) return;
      }
    });
    threads.emplace_back([&] {
      while (true) {
        const auto got = space.get("/100000");
        if (is_over(got.code())) return;
        wrong += *got == content(1, 100'000) ? 0 : 1;
        ++read;
      }
    });
    threads.emplace_back([&] {
      while (store.collect({.grace = std::chrono::seconds(0), .forget = space.id()}).ok())
        std::this_thread::yield();
    });
    std::uint64_t during = 0;
    const auto watch = [&](const Progress&) {
      during = acknowledged;
      return true;
    };
    const auto moved = store.move_blobs(to, {.progress = watch});
    for (std::thread& thread : threads) thread.join();
    CHECK(why(moved) == "");
    CHECK(wrong == 0);
    CHECK(during > 0);
    CHECK(read > 0);
    store = mover.open(to).value();
    check_there(store, 1);
    for (std::uint64_t i = 0; i < acknowledged; ++i)
      CHECK(space_there(store).get(fmt::format("/later {}", i)).value() ==
            content(1000 + i, i % 8 == 0 ? 1'200'000 : 30'000));
  }
}

TEST_CASE("move blobs: one that was cancelled goes on with what was copied") {
  Mover mover;
  Store store = mover.open(nullptr).value();
  fill(store, 1);
  const Place place = memory_blobs();
  const auto stop = [](const Progress& progress) { return progress.done < 2; };
  CHECK(store.move_blobs(place, {.progress = stop}).code() == Code::cancelled);
  CHECK(store.blob_status()->move_started);
  CHECK(store.blob_status()->pending_bytes == 0);
  check_there(store, 1);
  CHECK(names_in(*place, "o/") + names_in(*place, "p/") == 2);
  // A store that is new does not take the place.
  Mover other;
  CHECK(other.open(place).code() == Code::conflict);
  REQUIRE(store.close().ok());
  CHECK(mover.open(place).code() == Code::invalid_argument);
  store = mover.open(nullptr).value();
  const std::size_t all = files_below(mover.inside("objects")) + files_below(mover.inside("packs"));
  CHECK(store.move_blobs(place)->blobs == all - 2);
  store = mover.open(place).value();
  check_there(store, 1);
}

TEST_CASE("move blobs: a move that was begun is not that of a copy of the store") {
  Mover mover;
  Store store = mover.open(nullptr).value();
  fill_few(store);
  const Place place = memory_blobs();
  const auto stop = [](const Progress& progress) { return progress.done < 1; };
  REQUIRE(store.move_blobs(place, {.progress = stop}).code() == Code::cancelled);
  REQUIRE(store.checkpoint(mover.folder / "copy").ok());
  Store copy = Store::open(mover.folder / "copy").value();
  CHECK_FALSE(copy.blob_status()->move_started);
  CHECK(copy.move_blobs(place).code() == Code::conflict);
  REQUIRE(store.move_blobs(place).ok());
  CHECK(copy.move_blobs(place).code() == Code::conflict);
  store = mover.open(place).value();
  check_few(store);
}

TEST_CASE("move blobs: a place that a copy of the store took meanwhile is left as it is") {
  Mover mover;
  const Place given = memory_blobs();
  Store store = mover.open(given).value();
  fill_few(store);
  REQUIRE(store.checkpoint(mover.folder / "copy").ok());
  const Space space = space_there(store);
  std::optional<Store> copy;
  // What comes behind the last look is copied when nobody is inside any more.
  const auto open_copy = [&, puts = std::uint64_t{0}](const Progress&) mutable {
    if (copy || space.put("/later", content(100 + puts++, 1'100'000)).ok()) return true;
    copy = Store::open(mover.folder / "copy", {.blobs = given, .adopt_blobs = true}).value();
    return true;
  };
  REQUIRE(store.move_blobs(nullptr, {.progress = open_copy}).ok());
  REQUIRE(copy);
  store = mover.open(nullptr).value();
  CHECK(store.empty_left_place(given).code() == Code::conflict);
  CHECK(store.blob_status()->left_behind);
  check_few(store);
  check_few(*copy);
}

TEST_CASE("move blobs: whatever call of either place fails, nothing is lost and it goes on") {
  for (const bool back : {false, true}) {
    const auto step = static_cast<std::int64_t>(scaled(5, 1, 1));
    for (std::int64_t n = 1;; n += step) {
      REQUIRE(n < 200);
      Mover mover;
      const auto given = std::make_shared<Shaky>();
      const Place from = back ? Place(given) : nullptr, to = back ? nullptr : Place(given);
      Store store = mover.open(from).value();
      fill_few(store);
      given->arm(n, Code::io_error);
      const auto moved = store.move_blobs(to);
      given->disarm();
      REQUIRE(store.close().ok());
      if (!moved.ok()) {
        REQUIRE(given->fired());
        // It lives where it did.
        store = mover.open(from).value();
        check_few(store);
        const auto again = store.move_blobs(to);
        CHECK_MESSAGE(again.ok(), why(again), " after call ", n);
      }
      store = mover.open(to).value();
      check_few(store);
      if (!given->fired()) break;
    }
  }
}

TEST_CASE("move blobs: what could not be emptied is emptied later, or takes the store back") {
  Mover mover;
  const auto given = std::make_shared<Shaky>();
  Store store = mover.open(given).value();
  fill_few(store);
  for (std::int64_t n = 1;; ++n) {
    REQUIRE(n < 100);
    REQUIRE(store.move_blobs(nullptr).ok());
    store = mover.open(nullptr).value();
    given->arm(n, Code::unavailable, true);
    const Status emptied = store.empty_left_place(given);
    given->disarm();
    CHECK(emptied.ok() != given->fired());
    CHECK(store.blob_status()->left_behind == given->fired());
    check_few(store);
    if (given->fired() && n % 2 == 0) empty_left(store, given);
    REQUIRE(store.move_blobs(given).ok());
    store = mover.open(given).value();
    await_emptied(mover, store);
    check_few(store);
    if (!given->fired()) break;
  }
}

// A place of which a test sees or changes what comes of a call.
class Hooked final : public BlobStore {
 public:
  std::function<Status(std::string_view name)> before_put, before_remove, after_remove;
  std::function<Status(std::string_view name, std::vector<std::uint8_t>& bytes)> after_get;

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override {
    if (before_put) SPIND_TRY(before_put(name));
    return behind_->put(name, bytes);
  }
  Result<std::vector<std::uint8_t>> get(std::string_view name, std::uint64_t max) override {
    SPIND_TRY_ASSIGN(auto bytes, behind_->get(name, max));
    if (after_get) SPIND_TRY(after_get(name, bytes));
    return bytes;
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    return behind_->range(name, offset, out);
  }
  Status remove(std::string_view name) override {
    if (before_remove) SPIND_TRY(before_remove(name));
    SPIND_TRY(behind_->remove(name));
    return after_remove ? after_remove(name) : Status();
  }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return behind_->list(prefix, after, count_max);
  }

 private:
  const Place behind_ = memory_blobs();
};

constexpr std::uint8_t kAnyBytes[] = {1, 2, 3};

Error cut_off() { return {.code = Code::unavailable, .text = "it was cut off"}; }

TEST_CASE("move blobs: emptying that is cut off at the claims comes to its end") {
  Mover mover;
  const auto given = std::make_shared<Hooked>();
  Store store = mover.open(given).value();
  fill_few(store);
  REQUIRE(given->put("owner/unfenced", kAnyBytes).ok());
  REQUIRE(store.move_blobs(nullptr).ok());
  store = mover.open(nullptr).value();
  given->before_remove = [&](std::string_view name) -> Status {
    return name == "owner/unfenced" ? Status(cut_off()) : Status();
  };
  CHECK(store.empty_left_place(given).code() == Code::unavailable);
  CHECK(store.blob_status()->left_behind);
  given->before_remove = nullptr;
  given->after_remove = [&](std::string_view name) -> Status {
    const bool claim = name.starts_with("owner/") && name != "owner/unfenced";
    return claim ? Status(cut_off()) : Status();
  };
  CHECK(store.empty_left_place(given).code() == Code::unavailable);
  CHECK(store.blob_status()->left_behind);
  given->after_remove = nullptr;
  REQUIRE(store.close().ok());
  store = mover.open(nullptr).value();
  empty_left(store, given);
  check_few(store);
}

TEST_CASE("move blobs: one that is cancelled while what it left there goes") {
  Mover mover;
  const auto given = std::make_shared<Hooked>();
  Store store = mover.open(given).value();
  fill_few(store);
  REQUIRE(store.move_blobs(nullptr).ok());
  store = mover.open(nullptr).value();
  CancelToken cancel;
  given->after_remove = [&](std::string_view) -> Status {
    cancel.cancel();
    return {};
  };
  const std::size_t packs = names_in(*given, "p/");
  REQUIRE(packs > 0);
  CHECK(store.move_blobs(given, {.cancel = cancel}).code() == Code::cancelled);
  CHECK(names_in(*given, "p/") == packs);
  CHECK(store.blob_status()->left_behind);
  given->after_remove = nullptr;
  REQUIRE(store.move_blobs(given).ok());
  store = mover.open(given).value();
  check_few(store);
}

TEST_CASE("move blobs: a store that holds nothing moves, and leaves nothing behind") {
  Mover mover;
  const Place place = memory_blobs();
  REQUIRE(mover.open(nullptr)->move_blobs(place).ok());
  Store store = mover.open(place).value();
  await_emptied(mover, store);
  fill_few(store);
  check_few(store);
}

TEST_CASE("move blobs: only what the store left is emptied") {
  Mover mover;
  const Place first = memory_blobs(), second = memory_blobs();
  Store store = mover.open(first).value();
  fill_few(store);
  CHECK(store.empty_left_place(first).ok());  // there is nothing to do
  REQUIRE(store.move_blobs(second).ok());
  store = mover.open(second).value();
  CHECK(store.empty_left_place(second).code() == Code::conflict);
  CHECK(store.empty_left_place(memory_blobs()).code() == Code::conflict);
  CHECK(store.empty_left_place(nullptr).ok());
  check_few(store);
  CancelToken cancelled;
  cancelled.cancel();
  CHECK(store.empty_left_place(first, {.cancel = cancelled}).code() == Code::cancelled);
  CHECK(names_in(*first) > 0);
  empty_left(store, first);
  check_few(store);
}

// As after a crash before the folder was emptied: it holds packs of before, and those that are
// staged.
TEST_CASE("move blobs: what the folder still holds is taken for nothing that is staged") {
  Mover mover;
  Store store = mover.open(nullptr).value();
  fill_few(store);
  REQUIRE(store.close().ok());
  const std::filesystem::path kept = mover.folder / "kept";
  std::filesystem::copy(mover.folder / "store", kept, std::filesystem::copy_options::recursive);
  store = mover.open(nullptr).value();
  const Place place = memory_blobs();
  REQUIRE(store.move_blobs(place).ok());
  for (const char* part : {"objects", "packs"}) {
    std::filesystem::remove_all(mover.inside(part));
    std::filesystem::copy(kept / part, mover.inside(part),
                          std::filesystem::copy_options::recursive);
  }
  const std::size_t left = files_below(mover.inside("packs"));
  REQUIRE(left > 0);
  struct NoThreads final : Threads {  // as if the process ended before the folder is empty
    std::unique_ptr<Thread> start(std::string name, std::function<void()> body) override {
      return name == "spind-emptying" ? nullptr : Threads::system().start(name, std::move(body));
    }
  } threads;
  {
    engine::Seams seams;
    seams.threads = &threads;
    store = mover.open(place, seams).value();
    CHECK(store.blob_status()->left_behind);
    CHECK(store.blob_status()->pending_bytes == 0);  // nothing is staged
    check_few(store);
    REQUIRE(store.checkpoint(mover.folder / "copy").ok());
    CHECK(files_below(mover.folder / "copy/packs") == 0);
    // What is removed is removed where it lies.
    for (const std::size_t size : kFew)
      REQUIRE(space_there(store).remove(fmt::format("/{}", size)).ok());
    REQUIRE(space_there(store).empty_trash().ok());
    const SpaceId id = space_there(store).id();
    for (int i = 0; i < 2; ++i)
      REQUIRE(store.collect({.grace = std::chrono::seconds(0), .forget = id}).ok());
    CHECK(names_in(*place, "p/") == 0);
    CHECK(store.check().value().findings_total == 0);
    CHECK(files_below(mover.inside("packs")) == left);
    REQUIRE(store.close().ok());
  }
  store = mover.open(place).value();
  await_emptied(mover, store);
}

// Counts what a place is asked while the store is closed to everybody.
class Watched final : public BlobStore {
 public:
  const Store* store = nullptr;
  std::atomic<int> alone{0};
  std::atomic<std::size_t> put_alone_bytes{0};

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override {
    if (count()) put_alone_bytes += bytes.size();
    return behind_->put(name, bytes);
  }
  Result<std::vector<std::uint8_t>> get(std::string_view name, std::uint64_t max) override {
    return count(), behind_->get(name, max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    return count(), behind_->range(name, offset, out);
  }
  Status remove(std::string_view name) override { return count(), behind_->remove(name); }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return count(), behind_->list(prefix, after, count_max);
  }

 private:
  bool count() {
    const bool is_alone = store != nullptr && store->health().code() == Code::unavailable;
    if (is_alone) ++alone;
    return is_alone;
  }
  const Place behind_ = memory_blobs();
};

TEST_CASE("move blobs: while nobody is served no more is asked of the places the more there is") {
  std::vector<int> asked;
  for (const std::size_t blobs : {std::size_t{3}, std::size_t{1500}}) {
    Mover mover;
    const auto first = std::make_shared<Watched>(), second = std::make_shared<Watched>();
    Store store = mover.open(first).value();
    fill_few(store);
    // Whole ones that nothing refers to, more than a listing answers at once.
    const std::string pack = first->list("p/", "", 1)->front().name;
    const std::vector<std::uint8_t> whole = first->get(pack, 1 << 20).value();
    for (std::size_t i = 0; i < blobs; ++i)
      REQUIRE(first->put(fmt::format("o/{}/{}", 5000 + i / 1000, 5'000'000 + i), whole).ok());
    const Space space = space_there(store);
    // The last one comes when what came meanwhile is copied.
    std::uint64_t late = 0;
    const auto put_late = [&](const Progress& progress) {
      const std::uint64_t when[] = {1, blobs + 2, blobs + 3};
      if (late == std::size(when) || progress.done != when[late]) return true;
      ++late;
      REQUIRE(why(space.put(fmt::format("/late {}", late), content(7 + late, 30'000))) == "");
      return true;
    };
    first->store = second->store = &store;
    REQUIRE(store.move_blobs(second, {.progress = put_late}).ok());
    CHECK(late == 3);
    first->store = second->store = nullptr;
    asked.push_back(first->alone);
    asked.push_back(second->alone);
    store = mover.open(second).value();
    CHECK(names_in(*second, "o/5") == blobs);
    CHECK(space_there(store).get("/40000").value() == content(1, 40'000));
    CHECK(space_there(store).get("/late 3").value() == content(10, 30'000));
  }
  CHECK(asked[0] > 0);
  CHECK(asked[1] > 0);
  CHECK(asked[2] == asked[0]);
  CHECK(asked[3] == asked[1]);
}

TEST_CASE("move blobs: while nobody is served no large pack is copied that was appended to") {
  Mover mover;
  Store store = mover.open(nullptr).value();
  fill_few(store);
  const Space space = space_there(store);
  for (std::uint64_t i = 0; i < 10; ++i)
    REQUIRE(space.put(fmt::format("/many {}", i), content(100 + i, 900'000)).ok());
  std::uint64_t last = 0;
  const auto put_one = [&](const Progress&) {
    if (space.put("/last", content(1000 + last + 1, 30'000)).ok()) ++last;
    return true;
  };
  const auto place = std::make_shared<Watched>();
  place->store = &store;
  REQUIRE(store.move_blobs(place, {.progress = put_one}).ok());
  place->store = nullptr;
  CHECK(place->put_alone_bytes > 30'000);
  CHECK(place->put_alone_bytes < 1'000'000);
  store = mover.open(place).value();
  check_few(store);
  CHECK(space_there(store).get("/last").value() == content(1000 + last, 30'000));
}

TEST_CASE("move blobs: a call that takes long is waited for while all are served") {
  for (const bool cancels : {true, false}) {
    Mover mover;
    Store store = mover.open(nullptr).value();
    fill_few(store);
    std::atomic<bool> inside{false}, ends{false};
    const auto hold = [&](const Progress&) {
      inside = true;
      inside.notify_all();
      ends.wait(false);
      return true;
    };
    std::thread collector([&] { CHECK(store.collect({.progress = hold}).ok()); });
    inside.wait(false);
    const Place place = memory_blobs();
    CancelToken cancel;
    std::optional<Result<MoveBlobsReport>> moved;
    std::thread mover_thread([&] { moved.emplace(store.move_blobs(place, {.cancel = cancel})); });
    while (store.check().code() != Code::busy) std::this_thread::yield();
    REQUIRE(space_there(store).put("/meanwhile", content(2, 30'000)).ok());
    if (cancels) {
      cancel.cancel();
      mover_thread.join();
      CHECK(moved->code() == Code::cancelled);
      CHECK(store.check().ok());
    }
    ends = true;
    ends.notify_all();
    collector.join();
    if (cancels) continue;
    mover_thread.join();
    CHECK(moved->ok());
    store = mover.open(place).value();
    check_few(store);
    CHECK(space_there(store).get("/meanwhile").value() == content(2, 30'000));
  }
}

TEST_CASE("move blobs: a place that is full, and room in it later") {
  Mover mover;
  Store store = mover.open(nullptr).value();
  fill(store, 1);
  const auto given = std::make_shared<Shaky>();
  given->arm(6, Code::no_space, true);
  CHECK(store.move_blobs(given).code() == Code::no_space);
  check_there(store, 1);
  given->disarm();
  REQUIRE(store.move_blobs(given).ok());
  store = mover.open(given).value();
  check_there(store, 1);
}

TEST_CASE("move blobs: what is damaged comes as it is, and is told of") {
  Mover mover;
  Store store = mover.open(nullptr).value();
  fill(store, 1);
  REQUIRE(store.close().ok());
  std::size_t damaged = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(mover.inside("objects"))) {
    if (!entry.is_regular_file() || damaged > 0) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1000);
    file.put('\x55').put('\xaa').put('\x55');
    ++damaged;
  }
  REQUIRE(damaged == 1);
  store = mover.open(nullptr).value();
  const std::uint64_t findings = store.check({.read_content = true}).value().findings_total;
  CHECK(findings > 0);
  const Place place = memory_blobs();
  CHECK(store.move_blobs(place)->damaged == 1);
  CHECK(names_in(*place, "move/") == 0);
  store = mover.open(place).value();
  CHECK(store.check({.read_content = true}).value().findings_total == findings);
  CHECK(space_there(store).get("/10485760").code() == Code::corruption);
  CHECK(space_there(store).get("/100000").value() == content(1, 100'000));
}

// The last round copies what is damaged, and fails behind it.
TEST_CASE("move blobs: what was mended after a move that failed is not taken for copied") {
  for (const bool back : {false, true}) {
    Mover mover;
    const auto first = std::make_shared<Hooked>(), second = std::make_shared<Hooked>();
    const Place to = back ? nullptr : Place(second);
    Store store = mover.open(first).value();
    fill_few(store);
    const std::string damaged = first->list("o/", "", 1)->front().name;
    bool failed = false;
    first->after_get = [&](std::string_view name, std::vector<std::uint8_t>& bytes) -> Status {
      bytes[bytes.size() / 2] ^= 0x55;
      failed = name != damaged && store.health().code() == Code::unavailable;
      return failed ? Status(cut_off()) : Status();
    };
    CHECK(store.move_blobs(to).code() == Code::unavailable);
    REQUIRE(failed);
    first->after_get = nullptr;
    store = mover.open(first).value();
    check_few(store);
    const auto moved = store.move_blobs(to);
    REQUIRE(why(moved) == "");
    CHECK(moved->damaged == 0);
    store = mover.open(to).value();
    check_few(store);
    CHECK(names_in(*second, "move/") == 0);
    CHECK(files_below(mover.inside("objects/move")) == 0);
    empty_left(store, first);
  }
}

TEST_CASE("move blobs: what is staged stays where it is, and is brought to the new place") {
  Mover mover;
  const auto open = [&](const Place& place, Durability durability) {
    StoreOptions options;
    options.create = true;
    options.blobs = place;
    options.durability = durability;
    options.staged_period = std::chrono::hours(1);
    options.upkeep_period = std::chrono::milliseconds(0);
    return Store::open(mover.folder / "store", options).value();
  };
  const Place first = memory_blobs(), second = memory_blobs();
  Store store = open(first, Durability::staged);
  fill_few(store);
  {
    const Reader reader = space_there(store).reader("/40000").value();
    REQUIRE(store.flush_staged().ok());
  }
  const auto kept_for_the_reader = files_in(mover.inside("packs"));
  REQUIRE(kept_for_the_reader.size() == 1);
  REQUIRE(space_there(store).put("/staged", content(5, 50'000)).ok());
  CHECK(store.blob_status()->pending_bytes > 50'000);
  const auto check_both = [&] {
    check_few(store);
    CHECK(space_there(store).get("/staged").value() == content(5, 50'000));
  };
  REQUIRE(store.move_blobs(second).ok());
  store = open(second, Durability::staged);
  empty_left(store, first);
  check_both();
  REQUIRE(space_there(store).put("/too", content(6, 60'000)).ok());
  REQUIRE(store.move_blobs(nullptr).ok());
  store = open(nullptr, Durability::pack);
  empty_left(store, second);
  check_both();
  CHECK(!std::filesystem::exists(kept_for_the_reader[0]));
  REQUIRE(store.collect({.grace = std::chrono::seconds(0)}).ok());
  check_both();
  REQUIRE(store.move_blobs(first).ok());
  store = open(first, Durability::staged);
  CHECK(store.blob_status()->pending_bytes == 0);
  check_both();
  CHECK(space_there(store).get("/too").value() == content(6, 60'000));
}

TEST_CASE("move blobs: the status of a mirror says what its backends lack") {
  Mover mover;
  const Place north = memory_blobs(), south = memory_blobs();
  MirrorOptions options;
  options.backends = {{"north", north}, {"south", south}};
  options.journal_folder = mover.folder / "mirror";
  options.catch_up_period = std::chrono::milliseconds(0);
  const Place mirror = make_mirror(options).value();
  Store store = mover.open(mirror).value();
  fill(store, 1);
  CHECK(store.blob_status()->missing == 0);
  CHECK(store.blob_status()->healed == 0);
  const std::string lost = north->list("o/", "", 1)->front().name;
  REQUIRE(north->remove(lost).ok());
  REQUIRE(south->get(lost, 64 << 20).ok());
  REQUIRE(std::dynamic_pointer_cast<BlobMirror>(mirror)->heal(lost).ok());
  CHECK(store.blob_status()->healed == 1);
}

}  // namespace spind::test
