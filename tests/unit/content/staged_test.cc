// Small pieces that are durable in local packs first and brought to a blob store later: while
// readers read them, through outages of the blob store, crashes at any point, and damage.
#include <atomic>
#include <set>
#include <thread>

#include "base/try.h"
#include "content/object_packs.h"
#include "unit/content/place.h"

namespace spind {
namespace {

using test::kMiB;
using test::owner_of;
using test::Place;
using test::random_text;

constexpr content::GatherOptions kGather{std::chrono::milliseconds(1), 4 << 20};
constexpr content::StagedOptions kStaged{64 << 20};
constexpr std::size_t kSmall = 60'000;

struct StagedFile {
  content::Stored stored;
  std::string text;
};

// A place with files in it, and what has to be true of it at any time.
class Staged {
 public:
  explicit Staged(const content::StagedOptions& options = kStaged)
      : place(kGather, options), random_(test::seed()) {}

  Result<content::Stored> try_put(std::size_t size = kSmall) {
    const std::string text = random_text(random_, size + files.size());
    auto stored = place.try_store(owner_of(1), text);
    if (!stored.ok()) return stored;
    if (Status done = place.commit(owner_of(1), *stored); !done.ok()) return done.error();
    stored->claim = nullptr;
    files.push_back({*stored, text});
    return stored;
  }
  void put(int count, std::size_t size = kSmall) {
    for (int i = 0; i < count; ++i) REQUIRE(try_put(size).ok());
  }

  std::uint64_t backlog() { return place.content->metrics().staged_backlog_bytes; }
  FlushStagedReport flush() { return place.content->flush_staged({}).value(); }
  CollectReport collect() {
    return place.content->collect({.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0})
        .value();
  }
  std::size_t objects() { return place.blobs.list("p/", "", 10'000).value().size(); }
  std::size_t unreadable() {
    return static_cast<std::size_t>(
        std::count_if(files.begin(), files.end(), [&](const StagedFile& file) {
          const auto read = place.read(owner_of(1), file.stored);
          return !read.ok() || *read != file.text;
        }));
  }
  // What check would tell of.
  std::size_t findings() {
    std::size_t found = 0;
    const auto tell = [&found](const std::string& text) -> Status {
      MESSAGE(text);
      ++found;
      return {};
    };
    const content::Content::PlaceVisitor visitor = {
        [&](const content::Content::PackFault& fault) { return tell(fault.text); },
        [&](const content::Content::StrayBlob& blob) { return tell(blob.text); },
        [&](std::uint64_t number) { return tell("next number " + std::to_string(number)); },
        [] { return Status(); }};
    const kv::SnapshotRef rows = place.store->durable();
    REQUIRE(place.content->visit_places(*rows, visitor).ok());
    const auto piece = [&](const content::Content::PieceState& state) -> Status {
      found += state.bytes.ok() && state.live ? 0 : 1;
      return {};
    };
    REQUIRE(place.content->visit_pieces(*rows, true, piece).ok());
    return found;
  }
  std::size_t ledger_rows(model::LedgerRow row) { return place.rows(model::ledger_prefix(row)); }

  Place place;
  std::vector<StagedFile> files;

 private:
  std::mt19937_64 random_;
};

// Does what a test says before a put, and fails it where that is an error.
class HookedBlobs final : public BlobStore {
 public:
  explicit HookedBlobs(BlobStore& under) : under_(under) {}
  Status put(std::string_view name, Bytes bytes) override {
    if (before_put)
      if (Status may = before_put(); !may.ok()) return may;
    return under_.put(name, bytes);
  }
  Status put_unless(std::string_view name, Bytes bytes, const Interrupt& interrupt) override {
    while (silent && interrupt) {
      SPIND_TRY(interrupt());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return put(name, bytes);
  }
  Result<std::vector<std::uint8_t>> get(std::string_view name, std::uint64_t size_max) override {
    return under_.get(name, size_max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    return under_.range(name, offset, out);
  }
  Status remove(std::string_view name) override { return under_.remove(name); }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return under_.list(prefix, after, count_max);
  }
  std::function<Status()> before_put;
  std::atomic<bool> silent = false;  // no put that can be given up is answered

 private:
  BlobStore& under_;
};

std::shared_ptr<HookedBlobs> hook_blobs(Staged& staged) {
  auto hooked = std::make_shared<HookedBlobs>(staged.place.blobs);
  staged.place.layered = hooked;
  staged.place.reopen();
  return hooked;
}

Error outage() { return {.code = Code::unavailable, .text = "the bucket cannot be reached"}; }

}  // namespace

TEST_CASE("staged: small files are durable here at once, and together in the blob store later") {
  for (const bool encrypted : {false, true}) {
    Staged staged;
    if (encrypted) staged.place.encrypt();
    staged.put(100);
    CHECK(staged.objects() == 0);
    CHECK(staged.backlog() == staged.place.pack_bytes());
    CHECK(staged.unreadable() == 0);
    CHECK(staged.findings() == 0);
    const std::uint64_t backlog = staged.backlog();
    FlushStagedReport report = staged.flush();
    CHECK(report.bytes == backlog);
    CHECK(report.bytes_left == 0);
    CHECK(staged.backlog() == 0);
    CHECK(staged.objects() > 0);
    CHECK(staged.objects() <= 4);
    CHECK(staged.place.packs().empty());
    CHECK(staged.unreadable() == 0);
    CHECK(staged.findings() == 0);
    staged.place.reopen();
    CHECK(staged.unreadable() == 0);
    CHECK(staged.ledger_rows(model::LedgerRow::pack_open) == 0);
    CHECK(staged.ledger_rows(model::LedgerRow::pack_brought) == 0);
    CHECK(staged.ledger_rows(model::LedgerRow::pack_range) == 0);
    CHECK(staged.flush().bytes == 0);
  }
}

TEST_CASE("staged: what is larger goes to the blob store at once, and is shared as ever") {
  Staged staged;
  staged.put(1, kMiB + 1);
  CHECK(staged.backlog() == 0);
  staged.put(1);
  const content::Stored again = staged.place.put_and_commit(owner_of(2), staged.files[1].text);
  CHECK(staged.place.content->metrics().pieces_shared == 1);
  staged.flush();
  CHECK(staged.place.read(owner_of(2), again).value() == staged.files[1].text);
  CHECK(staged.place.put_and_commit(owner_of(3), staged.files[1].text).pieces == again.pieces);
  CHECK(staged.backlog() == 0);
}

TEST_CASE("staged: readers read on in the local packs as long as they like") {
  Staged staged;
  staged.put(20);
  std::vector<std::unique_ptr<content::Source>> sources;
  for (const StagedFile& file : staged.files)
    sources.push_back(staged.place.try_source(owner_of(1), file.stored).value());
  for (int round = 0; round < 2; ++round) {
    staged.flush();
    CHECK(staged.backlog() == 0);
    CHECK(staged.place.packs().size() == 1);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      std::vector<std::uint8_t> out(staged.files[i].text.size());
      REQUIRE(sources[i]->read_at(0, out).value() == out.size());
      CHECK(as_text(out) == staged.files[i].text);
    }
    staged.collect();
  }
  sources.clear();
  staged.flush();
  CHECK(staged.place.packs().empty());
  CHECK(staged.unreadable() == 0);
}

TEST_CASE("bad day: while a bucket is away small files are staged, until as much waits as may") {
  Staged staged({kSmall * 20});
  const auto blobs = hook_blobs(staged);
  blobs->before_put = outage;
  std::size_t refused = 0;
  for (int i = 0; i < 40; ++i) {
    const auto stored = staged.try_put();
    if (stored.ok()) continue;
    ++refused;
    CHECK(stored.code() == Code::unavailable);
    CHECK(stored.error().text.find("bucket cannot be reached") != std::string::npos);
  }
  CHECK(staged.files.size() >= 15);
  CHECK(refused >= 20);
  CHECK(staged.backlog() <= kSmall * 20);
  CHECK(staged.place.content->flush_staged({}).code() == Code::unavailable);
  CHECK(staged.unreadable() == 0);
  // It goes on by itself.
  blobs->before_put = nullptr;
  const std::size_t before = staged.files.size();
  CHECK(staged.try_put().ok());  // beyond the backlog: at once
  CHECK(staged.objects() == 1);
  CHECK(staged.flush().bytes_left == 0);
  staged.put(10);
  CHECK(staged.backlog() > 0);
  CHECK(staged.files.size() == before + 11);
  staged.flush();
  CHECK(staged.unreadable() == 0);
  // What came of puts that failed goes with time.
  staged.place.clock.advance(std::int64_t{24} * 3600 * 1'000'000'000);
  for (int i = 0; i < 3; ++i) staged.collect();
  CHECK(staged.findings() == 0);
}

TEST_CASE("staged: a thread brings what comes, and what an earlier run left, staged or not") {
  for (const bool still : {true, false}) {
    Staged staged;
    staged.put(10);
    if (!still) staged.place.staged = std::nullopt;
    staged.place.staged_period = std::chrono::milliseconds(1);
    staged.place.reopen();
    while (staged.backlog() > 0) std::this_thread::yield();
    CHECK(staged.unreadable() == 0);
    staged.put(3);
    while (staged.backlog() > 0) std::this_thread::yield();
    CHECK(staged.objects() >= 2);
    staged.place.reopen();
    CHECK(staged.unreadable() == 0);
    CHECK(staged.findings() == 0);
  }
}

TEST_CASE("staged: a crash loses nothing of what waits, and it goes on") {
  Staged staged;
  staged.put(30);
  content::Stored unused = staged.place.put(owner_of(1), std::string(kSmall, 'u'));
  unused.claim = nullptr;  // it goes with the process
  staged.place.crash_and_open();
  CHECK(staged.backlog() > 30 * kSmall);
  CHECK(staged.unreadable() == 0);
  CHECK(staged.flush().bytes_left == 0);
  CHECK(staged.backlog() == 0);
  for (int i = 0; i < 3; ++i) staged.collect();
  CHECK(staged.place.packs().empty());
  CHECK(staged.unreadable() == 0);
  CHECK(staged.findings() == 0);
}

// Whatever is written last: a row, a blob (put, or not quite), a file.
TEST_CASE("staged: a crash at any step leaves rows, local packs and blob store that agree") {
  enum class Last { row, blob, before_blob, file };
  for (const Last last : {Last::row, Last::blob, Last::before_blob, Last::file}) {
    for (int step = 1;; ++step) {
      CAPTURE(static_cast<int>(last));
      CAPTURE(step);
      Staged staged;
      const auto blobs = hook_blobs(staged);
      staged.put(40, 150'000);  // three puts
      std::atomic<int> steps = 0;
      const auto died = [&](bool here) -> bool {
        if (here && ++steps == step) staged.place.crashed = true;
        return staged.place.crashed;
      };
      const Error dead{.code = Code::io_error, .text = "the process has died"};
      if (last == Last::row) staged.place.kv_writes_left = step;
      blobs->before_put = [&]() -> Status {
        const bool was_dead = staged.place.crashed;
        const bool is_dead = died(last == Last::blob || last == Last::before_blob);
        if (was_dead || (is_dead && last == Last::before_blob)) return dead;
        return {};
      };
      staged.place.files.set([&](test::FileCall, const std::string&) -> std::optional<Error> {
        if (died(last == Last::file)) return dead;
        return std::nullopt;
      });
      const auto flushed = staged.place.content->flush_staged({});
      const bool whole = !staged.place.crashed;
      const bool all_is_there = flushed.ok() && flushed->bytes_left == 0;
      if (whole) CHECK(all_is_there);
      staged.place.kv_writes_left = 0;
      staged.place.crash();
      blobs->before_put = nullptr;
      staged.place.files.set(nullptr);
      staged.place.open();
      if (all_is_there) CHECK(staged.backlog() == 0);
      CHECK(staged.unreadable() == 0);
      CHECK(staged.flush().bytes_left == 0);
      CHECK(staged.backlog() == 0);
      CHECK(staged.unreadable() == 0);
      staged.place.clock.advance(std::int64_t{24} * 3600 * 1'000'000'000);
      for (int i = 0; i < 3; ++i) staged.collect();
      CHECK(staged.unreadable() == 0);
      CHECK(staged.findings() == 0);
      CHECK(staged.place.packs().empty());
      CHECK(staged.ledger_rows(model::LedgerRow::pack_brought) == 0);
      if (whole) break;
    }
  }
}

TEST_CASE("staged: what is forgotten goes, wherever it lies") {
  for (const int turn : {0, 1, 2, 3}) {
    Staged staged;
    staged.put(10);
    if (turn == 1) staged.flush();
    for (const StagedFile& file : staged.files) staged.place.forget(owner_of(1), file.stored);
    if (turn == 2) (void)staged.place.content->collect({.grace = std::chrono::seconds(0)});
    if (turn == 3) staged.place.reopen();
    staged.files.clear();
    for (int i = 0; i < 4; ++i) {
      staged.collect();
      staged.flush();
    }
    CHECK(staged.place.packs().empty());
    CHECK(staged.place.blob_count() == 0);
    CHECK(staged.backlog() == 0);
    CHECK(staged.findings() == 0);
  }
}

TEST_CASE("staged: a piece that is forgotten while it is brought stays forgotten") {
  Staged staged;
  const auto blobs = hook_blobs(staged);
  staged.put(10);
  blobs->before_put = [&]() -> Status {
    blobs->before_put = nullptr;
    staged.place.forget(owner_of(1), staged.files[3].stored);
    staged.collect();
    return {};
  };
  staged.flush();
  staged.files.erase(staged.files.begin() + 3);
  for (int i = 0; i < 3; ++i) staged.collect();
  CHECK(staged.unreadable() == 0);
  CHECK(staged.findings() == 0);
}

TEST_CASE("staged: what goes while it is brought is not taken for damage") {
  Staged staged;
  const auto blobs = hook_blobs(staged);
  staged.put(400);
  std::atomic<bool> forgotten = false;
  blobs->before_put = [&]() -> Status {
    if (forgotten.exchange(true)) return {};
    for (std::size_t i = 300; i < 400; ++i)
      staged.place.forget(owner_of(1), staged.files[i].stored);
    for (int i = 0; i < 3; ++i) staged.collect();
    return {};
  };
  CHECK(staged.flush().bytes_left == 0);
  staged.files.resize(300);
  for (int i = 0; i < 3; ++i) staged.collect();
  CHECK(staged.backlog() == 0);
  CHECK(staged.unreadable() == 0);
  CHECK(staged.findings() == 0);
}

TEST_CASE("staged: with little memory, those who write have some of it while it is brought") {
  Staged staged;
  const auto blobs = hook_blobs(staged);
  staged.place.memory_bytes = 8 << 20;
  staged.place.reopen();
  staged.put(20);
  std::atomic<bool> tried = false;
  blobs->before_put = [&]() -> Status {
    if (!tried.exchange(true)) CHECK(staged.try_put().ok());
    return {};
  };
  staged.flush();
  CHECK(tried);
  CHECK(staged.unreadable() == 0);
}

TEST_CASE("staged: a local pack that cannot be read keeps no other one waiting") {
  Staged staged;
  staged.put(2);
  staged.place.reopen();
  staged.put(3);
  const std::string lost = staged.place.packs().at(0);
  staged.place.files.set([&](test::FileCall call, const std::string& path) -> std::optional<Error> {
    if (call != test::FileCall::open || !path.ends_with(lost)) return std::nullopt;
    return Error{Code::io_error, "the device cannot read it"};
  });
  const FlushStagedReport report = staged.flush();
  CHECK(report.bytes > 3 * kSmall);
  CHECK(report.bytes_left > 2 * kSmall);
  staged.place.files.set(nullptr);
  CHECK(staged.unreadable() == 0);
  staged.place.reopen();
  CHECK(staged.flush().bytes_left == 0);
  CHECK(staged.unreadable() == 0);
  CHECK(staged.findings() == 0);
}

TEST_CASE("staged: whatever the blob store says, the local pack waits and is brought later") {
  for (const Code code : {Code::corruption, Code::unsupported, Code::io_error}) {
    Staged staged;
    const auto blobs = hook_blobs(staged);
    staged.put(3);
    blobs->before_put = [code]() -> Status {
      return Error{.code = code, .text = "the blob store is not well"};
    };
    CHECK(staged.place.content->flush_staged({}).code() == Code::unavailable);
    blobs->before_put = nullptr;
    CHECK(staged.flush().bytes_left == 0);
    CHECK(staged.backlog() == 0);
    CHECK(staged.unreadable() == 0);
  }
}

TEST_CASE(
    "staged: a blob store that is silent keeps neither a flush that is cancelled nor a close") {
  Staged staged;
  const auto blobs = hook_blobs(staged);
  staged.put(3);
  blobs->silent = true;
  CancelToken cancel;
  FlushStagedOptions options;
  options.cancel = cancel;
  std::thread canceller([&cancel] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    cancel.cancel();
  });
  CHECK(staged.place.content->flush_staged(options).code() == Code::cancelled);
  canceller.join();
  staged.place.staged_period = std::chrono::milliseconds(1);
  staged.place.reopen();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  staged.place.reopen();
  blobs->silent = false;
  CHECK(staged.flush().bytes_left == 0);
  CHECK(staged.backlog() == 0);
  CHECK(staged.unreadable() == 0);
  CHECK(staged.findings() == 0);
}

TEST_CASE("staged: what was brought is never staged again") {
  Staged staged;
  staged.put(40);
  staged.flush();
  for (std::size_t i = 4; i < staged.files.size(); ++i)
    staged.place.forget(owner_of(1), staged.files[i].stored);
  staged.files.resize(4);
  CollectReport report = staged.collect();
  CHECK(report.packs_rewritten > 0);
  CHECK(report.pieces_moved == 4);
  CHECK(staged.backlog() == 0);
  CHECK(staged.unreadable() == 0);
}

TEST_CASE("staged: what is damaged stays, and the rest is brought") {
  Staged staged;
  staged.put(20);
  staged.place.reopen();  // the pack rests
  const std::string path = staged.place.pack_folder + '/' + staged.place.packs().at(0);
  std::FILE* file = std::fopen(path.c_str(), "r+b");
  std::fseek(file, 5'000, SEEK_SET);
  const int byte = std::fgetc(file);
  std::fseek(file, 5'000, SEEK_SET);
  std::fputc(byte ^ 1, file);
  std::fclose(file);
  for (int round = 0; round < 2; ++round) {
    const FlushStagedReport report = staged.flush();
    CHECK(report.bytes_left > kSmall);
    CHECK(report.bytes_left < 2 * kSmall);
    CHECK(staged.place.packs().size() == 1);
    CHECK(staged.unreadable() == 1);
    CHECK(staged.place.read(owner_of(1), staged.files[0].stored).code() == Code::corruption);
    CHECK(staged.findings() == 1);
    staged.collect();
    staged.place.reopen();
  }
}

TEST_CASE("staged: a damaged row of a local pack keeps nobody from opening and reading") {
  Staged staged;
  staged.put(5);
  staged.place.reopen();  // the pack rests
  const std::string packs = model::ledger_prefix(model::LedgerRow::pack_idle);
  const auto rows =
      staged.place.store->durable()->scan(kv::Family::content, packs, model::end_of(packs));
  REQUIRE(rows->valid());
  const std::string key(rows->key());
  const kv::Answer damaged =
      staged.place.store->update({model::ledger_partition()}, [&](kv::Transaction& transaction) {
        transaction.put(kv::Family::content, key, "damaged");
        return kv::Outcome(kv::Commit{});
      });
  REQUIRE(staged.place.store->wait(damaged.ticket).ok());
  staged.place.reopen();
  CHECK(staged.unreadable() == 0);
  CHECK(staged.backlog() == staged.place.pack_bytes());
  CHECK(staged.flush().bytes_left > 0);
  CHECK(staged.findings() == 1);
  staged.put(5);
  staged.collect();
  CHECK(staged.unreadable() == 0);
}

TEST_CASE("staged: where this device has no room, files go to the blob store at once") {
  Staged staged;
  staged.place.files.set([](test::FileCall call, const std::string&) -> std::optional<Error> {
    if (call == test::FileCall::append) return Error{Code::no_space, "device full"};
    return std::nullopt;
  });
  staged.put(3);
  CHECK(staged.backlog() == 0);
  CHECK(staged.objects() == 3);
  CHECK(staged.unreadable() == 0);
}

TEST_CASE("staged: a pack that is sealed waits for what is being appended") {
  Staged staged;
  staged.put(1);
  bool sealed = false;
  staged.place.files.set([&](test::FileCall call, const std::string&) -> std::optional<Error> {
    if (call != test::FileCall::append || sealed) return std::nullopt;
    sealed = true;
    int steps = 0;
    FlushStagedOptions options;
    options.progress = [&](const Progress&) { return ++steps < 3; };
    CHECK(staged.place.content->flush_staged(options).code() == Code::cancelled);
    return std::nullopt;
  });
  staged.put(1);
  CHECK(sealed);
  CHECK(staged.findings() == 0);
  staged.place.files.set(nullptr);
  CHECK(staged.flush().bytes_left == 0);
  CHECK(staged.backlog() == 0);
  for (int i = 0; i < 2; ++i) staged.collect();
  CHECK(staged.unreadable() == 0);
  CHECK(staged.findings() == 0);
}

TEST_CASE("staged: many write while it is brought, and a flush can be cancelled") {
  Staged staged({8 << 20});
  staged.place.staged_period = std::chrono::milliseconds(1);
  staged.place.reopen();
  std::mutex mutex;
  std::vector<StagedFile> files;
  std::vector<std::thread> writers;
  for (std::uint64_t i = 0; i < 8; ++i)
    writers.emplace_back([&, i] {
      std::mt19937_64 random(test::seed() + i);
      for (int n = 0; n < 40; ++n) {
        std::string text = random_text(random, kSmall);
        auto stored = staged.place.try_store(owner_of(1), text);
        if (!stored.ok() || !staged.place.commit(owner_of(1), *stored).ok()) continue;
        stored->claim = nullptr;
        const std::lock_guard lock(mutex);
        files.push_back({*std::move(stored), std::move(text)});
      }
    });
  for (std::thread& writer : writers) writer.join();
  CHECK(files.size() == 8 * 40);
  staged.files = std::move(files);
  CHECK(staged.flush().bytes_left == 0);
  CHECK(staged.backlog() == 0);
  CHECK(staged.unreadable() == 0);
  CHECK(staged.findings() == 0);
  staged.place.staged_period = std::chrono::milliseconds(0);
  staged.place.reopen();
  staged.put(1);
  FlushStagedOptions options;
  options.progress = [](const Progress&) { return false; };
  CHECK(staged.place.content->flush_staged(options).code() == Code::cancelled);
  CHECK(staged.unreadable() == 0);
}

}  // namespace spind
