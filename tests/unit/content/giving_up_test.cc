// Uploads and readers that give up while the blobs do not answer.
#include <chrono>
#include <thread>

#include "base/limits.h"
#include "content/object_packs.h"
#include "content/packs.h"
#include "content/resources.h"
#include "support/store/hanging_blobs.h"
#include "unit/content/place.h"

namespace spind::test {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kPacked = 100'000;
// Long enough that all who are to share a pack do.
constexpr content::GatherOptions kTogether{std::chrono::milliseconds(500), 4 << 20};

struct HangingPlace {
  explicit HangingPlace(const content::GatherOptions& gather = {}) : place(gather) {
    blobs = std::make_shared<HangingBlobs>(BlobStorePtr(&place.blobs, [](BlobStore*) {}));
    place.layered = blobs;
    place.reopen();
  }

  Place place;
  std::shared_ptr<HangingBlobs> blobs;
};

// Uploads one file in a thread of its own, until it is told to give up.
class Caller {
 public:
  Caller(HangingPlace& hanging, std::uint64_t seed, std::size_t size) : hanging_(hanging) {
    std::mt19937_64 random(seed);
    text_ = random_text(random, size);
    thread_ = std::thread([this] { run(); });
  }
  ~Caller() {
    if (thread_.joinable()) thread_.join();
  }

  std::thread::id id() const { return thread_.get_id(); }
  void give_up() { given_up_ = true; }
  void wait_until_appended() {
    while (!appended_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Code outcome() {
    if (thread_.joinable()) thread_.join();
    return stored_.code();
  }
  content::Stored& stored() { return *stored_; }
  const std::string& text() const { return text_; }

 private:
  void run() {
    const auto upload = hanging_.place.content->upload(owner_of(1), 0, [this]() -> Status {
      if (!given_up_) return {};
      return Error{.code = Code::cancelled, .text = "the test gives up"};
    });
    Status appended = upload->append(as_bytes(text_));
    appended_ = true;
    if (appended.ok())
      stored_ = upload->finish();
    else
      stored_ = std::move(appended).error();
  }

  HangingPlace& hanging_;
  std::string text_;
  std::atomic<bool> given_up_ = false, appended_ = false;
  Result<content::Stored> stored_ = Error{.code = Code::unavailable, .text = "not begun"};
  std::thread thread_;
};

// Three callers who share a pack that is being put, the first of them by the one who puts it.
std::vector<std::unique_ptr<Caller>> share_a_pack(HangingPlace& hanging) {
  std::vector<std::unique_ptr<Caller>> callers;
  hanging.blobs->hang(true);
  for (std::uint64_t i = 0; i < 3; ++i)
    callers.push_back(std::make_unique<Caller>(hanging, seed() + i, kPacked));
  hanging.blobs->wait_for(1);
  std::partition(callers.begin(), callers.end(),
                 [&](const auto& caller) { return caller->id() == hanging.blobs->last(); });
  return callers;
}

std::uint64_t dead_bytes(Place& place) {
  std::uint64_t dead = 0;
  for (const model::LedgerRow tag : content::kPackTags) {
    const std::string prefix = model::ledger_prefix(tag);
    const kv::SnapshotRef rows = place.store->durable();
    const auto cursor = rows->scan(kv::Family::content, prefix, model::end_of(prefix));
    for (; cursor->valid(); cursor->next()) dead += model::decode_pack(cursor->value())->dead_bytes;
  }
  return dead;
}

void check_readable(HangingPlace& hanging, Caller& caller) {
  REQUIRE(caller.outcome() == Code::ok);
  REQUIRE(hanging.place.commit(owner_of(1), caller.stored()).ok());
  caller.stored().claim = nullptr;
  CHECK(hanging.place.read(owner_of(1), caller.stored()).value() == caller.text());
}

}  // namespace

TEST_CASE("giving up: who shares a pack with others leaves them theirs") {
  for (const std::size_t leaves : {std::size_t{0}, std::size_t{1}}) {
    CAPTURE(leaves);
    HangingPlace hanging(kTogether);
    auto callers = share_a_pack(hanging);
    callers[leaves]->give_up();
    CHECK(callers[leaves]->outcome() == Code::cancelled);
    // Where it was the one who put the pack, another goes on.
    hanging.blobs->wait_for(1);
    CHECK((hanging.blobs->last() == callers[leaves]->id()) == false);
    hanging.blobs->hang(false);
    for (std::size_t i = 0; i < callers.size(); ++i)
      if (i != leaves) check_readable(hanging, *callers[i]);
    CHECK(hanging.place.blobs.list("p/", "", 10)->size() == 1);
    // What it left there counts as dead, and goes with the pack.
    hanging.place.reopen();
    CHECK(dead_bytes(hanging.place) > kPacked);
    CHECK(dead_bytes(hanging.place) < kPacked + 1000);
    for (std::size_t i = 0; i < callers.size(); ++i)
      if (i != leaves) hanging.place.forget(owner_of(1), callers[i]->stored());
    for (int round = 0; round < 3; ++round) (void)hanging.place.collect();
    CHECK(hanging.place.blob_count() == 0);
  }
}

TEST_CASE("giving up: where all do, what was put all the same is collected") {
  for (const bool carried_out : {false, true}) {
    HangingPlace hanging(kTogether);
    if (carried_out) hanging.blobs->carry_out();
    auto callers = share_a_pack(hanging);
    for (const auto& caller : callers) caller->give_up();
    for (const auto& caller : callers) CHECK(caller->outcome() == Code::cancelled);
    hanging.blobs->hang(false);
    CHECK((hanging.place.blob_count() == 1) == carried_out);
    (void)hanging.place.collect();
    CHECK(hanging.place.blob_count() == 0);
    hanging.place.reopen();
    CHECK(hanging.place.rows(model::ledger_prefix(model::LedgerRow::pack_range)) == 0);
  }
}

TEST_CASE("giving up: an upload of many pieces ends, also where others hold all workers") {
  HangingPlace hanging;
  hanging.blobs->hang(true);
  std::vector<std::unique_ptr<Caller>> others;
  hanging.place.memory_bytes = 1 << 30;  // that nobody waits for
  hanging.place.reopen();
  for (std::uint64_t i = 0; i < 5; ++i)
    others.push_back(std::make_unique<Caller>(hanging, seed() + i, 4 * kPieceBytesMax + 1));
  hanging.blobs->wait_for(content::kFarWorkerCount);
  Caller caller(hanging, seed() + 9, kPieceBytesMax + 1);
  caller.wait_until_appended();  // so that a piece waits for a worker
  const auto begin = Steady::now();
  caller.give_up();
  CHECK(caller.outcome() == Code::cancelled);
  CHECK(Steady::now() - begin < std::chrono::seconds(5));
  for (const auto& other : others) other->give_up();
  for (const auto& other : others) CHECK(other->outcome() == Code::cancelled);
  hanging.blobs->hang(false);
  (void)hanging.place.collect();
  CHECK(hanging.place.blob_count() == 0);
}

TEST_CASE("giving up: an upload that is dropped does not wait for what is on its way") {
  HangingPlace hanging;
  hanging.blobs->hang(true);
  std::mt19937_64 random(seed());
  const std::string text = random_text(random, kPieceBytesMax + 1);
  auto upload = hanging.place.content->upload(owner_of(1), 0, nullptr);
  REQUIRE(upload->append(as_bytes(text)).ok());
  hanging.blobs->wait_for(1);
  upload.reset();
  hanging.blobs->wait_for_none();
}

TEST_CASE("giving up: a reader ends, and so does what it read ahead") {
  HangingPlace hanging;
  std::mt19937_64 random(seed());
  const std::string text = random_text(random, 32 * kMiB);
  const content::Stored stored = hanging.place.put_and_commit(owner_of(1), text);
  std::vector<std::uint8_t> bytes(kMiB);
  std::atomic<bool> given_up = false;
  const Interrupt interrupt = [&]() -> Status {
    if (!given_up) return {};
    return Error{.code = Code::deadline_exceeded, .text = "the test's time is over"};
  };
  for (const std::uint64_t before : {std::uint64_t{0}, std::uint64_t{8}}) {
    CAPTURE(before);
    given_up = false;
    auto source = hanging.place.try_source(owner_of(1), stored).value();
    for (std::uint64_t at = 0; at < before; ++at) REQUIRE(source->read_at(at * kMiB, bytes).ok());
    hanging.blobs->hang(true);
    std::thread reader([&] {
      Result<std::size_t> got = std::size_t{1};
      // What was read ahead may be there.
      for (std::uint64_t at = before; got.ok() && *got > 0; ++at)
        got = source->read_at(at * kMiB, bytes, interrupt);
      CHECK(got.code() == Code::deadline_exceeded);
    });
    given_up = true;
    reader.join();
    hanging.blobs->wait_for_none();
    hanging.blobs->hang(false);
    CHECK(source->read_at(20 * kMiB, bytes).value() == kMiB);
    CHECK(as_text(bytes) == std::string_view(text).substr(20 * kMiB, kMiB));
  }
  // Nor does a reader that goes wait for them.
  auto source = hanging.place.try_source(owner_of(1), stored).value();
  for (std::uint64_t at = 0; at < 4; ++at) REQUIRE(source->read_at(at * kMiB, bytes).ok());
  hanging.blobs->hang(true);
  source->read_ahead(4 * kMiB, kMiB);
  source.reset();
  hanging.blobs->hang(false);
}

}  // namespace spind::test
