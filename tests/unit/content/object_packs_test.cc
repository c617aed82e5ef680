// Small pieces in packs that are objects of a blob store: gathered, found again after a crash, and
// collected; also where requests fail, or fail and were carried out.
#include <set>
#include <thread>

#include "content/object_packs.h"
#include "content/vaults.h"
#include "unit/content/place.h"

namespace spind::test {
namespace {

constexpr std::size_t kSmall = 100'000;
constexpr content::GatherOptions kGather{std::chrono::milliseconds(2), 2 << 20};
constexpr content::GatherOptions kGatherMany{std::chrono::milliseconds(150), 4 << 20};

std::size_t pack_objects(Place& place) { return place.blobs.list("p/", "", 10'000).value().size(); }

struct SmallFile {
  content::Stored stored;
  std::string text;
};

// By many threads at once, so that they share packs; those that were acknowledged.
std::vector<SmallFile> put_at_once(Place& place, std::size_t threads, std::size_t each,
                                   std::uint64_t seed = test::seed(), std::size_t size = kSmall) {
  std::mutex mutex;
  std::vector<SmallFile> files;
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < threads; ++i)
    callers.emplace_back([&, i] {
      std::mt19937_64 random(seed + i);
      for (std::size_t n = 0; n < each; ++n) {
        std::string text = random_text(random, size + n);
        auto stored = place.try_store(owner_of(1), text);
        if (!stored.ok() || !place.commit(owner_of(1), *stored).ok()) continue;
        stored->claim = nullptr;
        const std::lock_guard lock(mutex);
        files.push_back({*std::move(stored), std::move(text)});
      }
    });
  for (std::thread& caller : callers) caller.join();
  return files;
}

std::size_t unreadable(Place& place, const std::vector<SmallFile>& files) {
  std::size_t bad = 0;
  for (const SmallFile& file : files) {
    const auto read = place.read(owner_of(1), file.stored);
    bad += read.ok() && *read == file.text ? 0 : 1;
  }
  return bad;
}

// Blobs that no row names.
std::size_t orphans(Place& place) {
  std::set<std::string> named;
  const kv::SnapshotRef rows = place.store->durable();
  for (unsigned bucket = 0; bucket < 256; ++bucket) {
    const std::string prefix = model::bucket_prefix(
        model::vault_of("school"), static_cast<std::uint8_t>(bucket), model::VaultRow::piece);
    const auto cursor = rows->scan(kv::Family::content, prefix, model::end_of(prefix));
    for (; cursor->valid(); cursor->next()) {
      const model::BlobPlace at = model::decode_piece(cursor->value()).value().place;
      named.insert(at.kind == model::BlobPlace::Kind::pack ? content::pack_object_name(at.number)
                                                           : content::object_name(at.number));
    }
  }
  std::size_t unnamed = 0;
  for (const BlobListItem& item : place.blobs.list("", "", 100'000).value())
    unnamed += named.contains(item.name) ? 0 : 1;
  return unnamed;
}

// Notes how many bytes are being put at once, and takes its time.
class CountedPuts final : public BlobStore {
 public:
  explicit CountedPuts(BlobStorePtr under) : under_(std::move(under)) {}
  Status put(std::string_view name, Bytes bytes) override {
    const std::uint64_t now = in_flight_ += bytes.size();
    std::uint64_t seen = most_bytes.load();
    while (now > seen && !most_bytes.compare_exchange_weak(seen, now)) continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    in_flight_ -= bytes.size();
    return under_->put(name, bytes);
  }
  Result<std::vector<std::uint8_t>> get(std::string_view name, std::uint64_t size_max) override {
    return under_->get(name, size_max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    return under_->range(name, offset, out);
  }
  Status remove(std::string_view name) override { return under_->remove(name); }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return under_->list(prefix, after, count_max);
  }
  std::atomic<std::uint64_t> most_bytes = 0;

 private:
  const BlobStorePtr under_;
  std::atomic<std::uint64_t> in_flight_ = 0;
};

BlobStorePtr over(Place& place) {
  return {&place.blobs, [](BlobStore*) {}};
}

}  // namespace

TEST_CASE("object packs: files that come together share a put") {
  Place place(kGatherMany);
  const auto files = put_at_once(place, 32, 10);
  REQUIRE(files.size() == 320);
  const content::Metrics metrics = place.content->metrics();
  CHECK(metrics.pack_sync_appends == 320);
  CHECK(metrics.pack_syncs == pack_objects(place));
  CHECK_MESSAGE(metrics.pack_syncs * 20 <= files.size(), metrics.pack_syncs, " puts");
  CHECK(unreadable(place, files) == 0);
  place.reopen();
  CHECK(unreadable(place, files) == 0);
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_range)) == 0);
  CHECK(orphans(place) == 0);
}

TEST_CASE("object packs: one caller need not wait for others") {
  Place place(kGather);
  const auto files = put_at_once(place, 1, 5);
  CHECK(pack_objects(place) == 5);
  CHECK(unreadable(place, files) == 0);
}

// How long a window is, and how many packs it takes until it is known who comes.
constexpr std::chrono::milliseconds kLong{100};
constexpr std::size_t kLearning = 16;

TEST_CASE("object packs: who has come alone for some time waits for nobody") {
  Place place(content::GatherOptions{kLong, 4 << 20});
  put_at_once(place, 1, kLearning);
  const auto begin = std::chrono::steady_clock::now();
  put_at_once(place, 1, 10, test::seed() + 1);
  CHECK(std::chrono::steady_clock::now() - begin < 5 * kLong);
  CHECK(pack_objects(place) == kLearning + 10);
}

TEST_CASE("object packs: who comes with as many as lately waits for no more") {
  Place place(content::GatherOptions{kLong, 4 << 20});
  const auto counted = std::make_shared<CountedPuts>(over(place));
  place.layered = counted;
  place.reopen();
  put_at_once(place, 6, kLearning);
  const std::size_t before = pack_objects(place);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(put_at_once(place, 6, 10, test::seed() + 100).size() == 60);
  // Ten rounds of a put that takes 20 ms, each of which would have waited for a window more.
  CHECK(std::chrono::steady_clock::now() - begin < 10 * kLong);
  CHECK(pack_objects(place) - before <= 20);
}

TEST_CASE("object packs: many are on their way at once, as far as the memory for them goes") {
  Place place(content::GatherOptions{std::chrono::milliseconds(0), 2 << 20});
  const auto counted = std::make_shared<CountedPuts>(over(place));
  place.layered = counted;
  place.memory_bytes = 128 << 20;
  place.reopen();
  const auto files = put_at_once(place, 64, 2, test::seed(), 900'000);
  CHECK(files.size() == 128);
  CHECK(counted->most_bytes > 2 * 900'000);
  CHECK(counted->most_bytes <= (128 << 20) / 8);
  CHECK(unreadable(place, files) == 0);
}

TEST_CASE("object packs: what a crash leaves of a pack is found, and what was acknowledged stays") {
  Place place(kGatherMany);
  auto files = put_at_once(place, 8, 4);
  content::Stored unused = place.put(owner_of(1), std::string(kSmall, 'u'));
  unused.claim = nullptr;  // it goes with the process
  place.crash_and_open();
  CHECK(unreadable(place, files) == 0);
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_range)) == 1);
  (void)place.collect();
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_range)) == 0);
  CHECK(unreadable(place, files) == 0);
  CHECK(place.try_source(owner_of(1), unused).ok());
  CHECK(!place.read(owner_of(1), unused).ok());
  (void)place.collect();
  CHECK(orphans(place) == 0);
  // Numbers are not used again.
  const auto more = put_at_once(place, 8, 4, 77);
  CHECK(unreadable(place, files) == 0);
  CHECK(unreadable(place, more) == 0);
}

TEST_CASE("object packs: what a crash left and damage met since is kept for the check to tell of") {
  Place place(kGatherMany);
  auto files = put_at_once(place, 8, 4);
  place.crash_and_open();
  const std::string name = place.blobs.list("p/", "", 1).value().at(0).name;
  auto bytes = place.blobs.get(name, 64 << 20).value();
  const auto sound = bytes;
  bytes[20] ^= 1;  // in the header of its first frame
  REQUIRE(place.blobs.remove(name).ok());
  REQUIRE(place.blobs.put(name, bytes).ok());
  for (int round = 0; round < 3; ++round) (void)place.collect();
  CHECK(unreadable(place, files) == 1);
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_range)) == 1);
  REQUIRE(place.blobs.remove(name).ok());
  REQUIRE(place.blobs.put(name, sound).ok());
  for (int round = 0; round < 3; ++round) (void)place.collect();
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_range)) == 0);
  CHECK(unreadable(place, files) == 0);
}

TEST_CASE(
    "object packs: a pack that a crash left is kept for as long as its put may be under way") {
  Place place(kGather);
  (void)place.put(owner_of(1), std::string(kSmall, 'u'));
  place.crash_and_open();
  const std::uint64_t number = 1;
  (void)place.collect(60);
  REQUIRE(place.rows(model::ledger_prefix(model::LedgerRow::pack_range)) == 1);
  // It arrives late.
  REQUIRE(place.blobs.put(content::pack_object_name(number + 5), as_bytes("torn")).ok());
  place.clock.advance(61'000'000'000);
  (void)place.collect(60);
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_range)) == 0);
  CHECK(!place.blobs.get(content::pack_object_name(number + 5), 100).ok());
}

TEST_CASE("object packs: one that is mostly dead is emptied, and all goes at last") {
  for (const bool reopened : {false, true}) {
    Place place(kGatherMany);
    auto files = put_at_once(place, 16, 1);
    REQUIRE(pack_objects(place) <= 3);
    if (reopened) place.reopen();
    for (std::size_t i = 2; i < files.size(); ++i) place.forget(owner_of(1), files[i].stored);
    files.resize(2);
    std::uint64_t rewritten = 0;
    for (int round = 0; round < 4; ++round) {
      const CollectReport report =
          place.content->collect({.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0})
              .value();
      rewritten += report.packs_rewritten;
      CHECK(unreadable(place, files) == 0);
    }
    CHECK(rewritten > 0);
    std::uint64_t bytes = 0;
    for (const BlobListItem& item : place.blobs.list("p/", "", 100).value())
      bytes += item.size_bytes;
    CHECK(bytes < 3 * kSmall);
    for (const SmallFile& file : files) place.forget(owner_of(1), file.stored);
    for (int round = 0; round < 3; ++round) (void)place.collect();
    CHECK(place.blob_count() == 0);
    CHECK(place.content->metrics().blobs_removed > 0);
  }
}

TEST_CASE("object packs: where puts fail nothing acknowledged is lost, and nothing is left") {
  for (const int turn : {0, 1, 2, 3, 4, 5}) {
    const int kind = turn / 2;
    FaultOptions faulty;
    faulty.seed = test::seed() + std::uint64_t(kind);
    faulty.errors = kind == 0 ? 300 : 0;
    faulty.lost_answers = kind == 1 ? 300 : 0;
    faulty.torn_puts = kind == 2 ? 300 : 0;
    std::shared_ptr<FaultyBlobs> faults;
    Place place(kGather);
    faults = with_faults(over(place), {});
    place.layered = faults;
    place.reopen();
    faults->set(faulty);
    const auto files = put_at_once(place, 8, 8);
    CHECK(files.size() > 0);
    CHECK(files.size() < 64);
    faults->set({});
    CHECK(unreadable(place, files) == 0);
    if (turn % 2 == 1) place.crash_and_open();
    for (int round = 0; round < 4; ++round) (void)place.collect();
    CHECK(unreadable(place, files) == 0);
    CHECK(orphans(place) == 0);
    place.reopen();
    CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_range)) == 0);
    CHECK(place.rows(model::ledger_prefix(model::LedgerRow::range)) == 0);
  }
}

TEST_CASE("object packs: many objects are removed by few calls") {
  Place place(kGather);
  std::vector<content::Stored> stored;
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 20; ++i)
    stored.push_back(
        place.put_and_commit(owner_of(1), random_text(random, (std::size_t{1} << 20) + 1)));
  for (const content::Stored& file : stored) place.forget(owner_of(1), file);
  for (int round = 0; round < 2; ++round) (void)place.collect();
  CHECK(place.blob_count() == 0);
  const content::Metrics metrics = place.content->metrics();
  CHECK(metrics.blobs_removed == 20);
  CHECK(metrics.blob_removals == 1);
}

}  // namespace spind::test
