#include "powercut/power_cut_run.h"

#include <thread>

#include "base/try.h"
#include "powercut/power_cut_files.h"
#include "powercut/power_cut_fs.h"
#include "support/store/side_loads.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kDeferredBatch = 16;
constexpr std::uint64_t kPackedBytes = 250'000;

StoreOptions options() {
  StoreOptions options{.create = true};
  options.memory_bytes = 256ull << 20;
  options.free_space_reserve_bytes = 0;
  return options;
}

SessionOptions ada(bool deferred) {
  SessionOptions who{.user = "ada"};
  who.deferred = deferred;
  return who;
}

}  // namespace

PowerCutRun::PowerCutRun(std::uint64_t seed) : seed_(seed), random_(seed), ledger_(seed) {}

void PowerCutRun::cut_once(Aftermath& aftermath) {
  {
    PowerCutDisk disk(folder_.path().string());
    // Now and then while the store is still being opened.
    disk.cut_after(random_() % 8 == 0 ? random_() % 60 : 60 + random_() % 700, random_());
    work(disk, aftermath);
    disk.apply();
  }
  ++aftermath.kills;
  judge(aftermath);
}

void PowerCutRun::work(PowerCutDisk& disk, Aftermath& aftermath) {
  PowerCutFiles files(disk);
  engine::Seams seams;
  seams.files = &files;
  seams.open_kv = rocksdb_on(power_cut_file_system(disk));
  Result<Store> store = engine::open_with(folder_ / "store", options(), seams);
  if (!store.ok()) {
    if (!disk.is_cut()) aftermath.note("open before the cut: " + store.error().to_string());
    return;
  }
  const Session session = store->session(ada(false)).value();
  if (session.space_by_alias(kLedgerSpace).code() == Code::not_found)
    (void)session.create_space({.alias = kLedgerSpace});

  std::mutex ledger_mutex;
  std::vector<std::thread> threads;
  for (std::uint32_t writer = 0; writer < kWriters; ++writer)
    threads.emplace_back([&, writer] { write_until_cut(*store, writer, ledger_mutex); });
  threads.emplace_back([&] { watch_until_cut(*store, disk); });
  threads.emplace_back([&] { look_after_until_cut(*store, disk, aftermath); });
  for (std::thread& thread : threads) thread.join();
  (void)store->close();
}

// The last writer defers, and waits once for many steps.
void PowerCutRun::write_until_cut(const Store& store, std::uint32_t writer,
                                  std::mutex& ledger_mutex) {
  const bool deferred = writer == kWriters - 1;
  const Session session = store.session(ada(deferred)).value();
  const Result<Space> space = session.space_by_alias(kLedgerSpace);
  if (!space.ok()) return;
  for (std::uint64_t step = ledger_.next_step(writer);; ++step) {
    {
      const std::lock_guard lock(ledger_mutex);
      ledger_.begun(writer, step);
    }
    if (!take(*space, writer_step(seed_, writer, step)).ok()) return;
    if (deferred && (step + 1) % kDeferredBatch != 0) continue;
    if (deferred && !session.wait().ok()) return;
    const std::lock_guard lock(ledger_mutex);
    ledger_.acknowledged(writer, step);
  }
}

void PowerCutRun::watch_until_cut(const Store& store, const PowerCutDisk& disk) {
  const Result<Space> space = store.session(ada(false)).value().space_by_alias(kLedgerSpace);
  if (!space.ok()) return;
  std::string cursor;
  while (!disk.is_cut()) {
    const Result<SpaceInfo> info = space->info();
    if (info.ok()) entry_seen_ = std::max(entry_seen_, info->entry);
    const Result<NodeInfo> root = space->stat("/");
    if (root.ok()) entry_seen_ = std::max(entry_seen_, root->changed);
    const Result<RootVersion> version = space->wait(entry_seen_, std::chrono::milliseconds(1));
    if (version.ok()) entry_seen_ = std::max(entry_seen_, version->number);
    const Result<ChangePage> page = space->changes(cursor);
    if (!page.ok()) continue;
    entry_seen_ = std::max(entry_seen_, page->number);
    cursor = page->cursor;
  }
}

// Nobody else notes anything meanwhile.
void PowerCutRun::look_after_until_cut(const Store& store, const PowerCutDisk& disk,
                                       Aftermath& aftermath) {
  const Session session = store.session(ada(false)).value();
  for (std::uint64_t round = random_(); !disk.is_cut(); ++round) {
    Status done = look_after(store);
    if (done.ok()) done = load_beside(session, round);
    if (!done.ok() && !disk.is_cut()) aftermath.note("upkeep: " + done.error().to_string());
    if (!done.ok()) return;
  }
}

// One after the other, so that there are moments enough for the writers.
Status PowerCutRun::load_beside(const Session& session, std::uint64_t round) {
  switch (round % 4) {
    case 0: return come_and_go(session, round, kPackedBytes);
    case 1: {
      SPIND_TRY_ASSIGN(const Space forgetful, forgetful_space(session));
      return let_go(forgetful, round / 4);
    }
    case 2: {
      SPIND_TRY_ASSIGN(const Space desk, desk_space(session));
      SPIND_TRY_ASSIGN(const Space ledger, session.space_by_alias(kLedgerSpace));
      return tidy_desk(session, desk, ledger, round / 4);
    }
    default: return {};
  }
}

void PowerCutRun::judge(Aftermath& aftermath) {
  const Result<Store> store = Store::open(folder_ / "store", options());
  if (!store.ok()) return aftermath.note("open after the cut: " + store.error().to_string());
  look_at(*store, ledger_, aftermath);
  count_objects(folder_ / "store", ledger_, aftermath);
  const Result<Space> space = store->session(ada(false)).value().space_by_alias(kLedgerSpace);
  if (!space.ok()) return;
  const EntryNumber entry = space->info().value().entry;
  if (entry >= entry_seen_) return;
  ++aftermath.lost;
  aftermath.note("entry " + std::to_string(entry_seen_) + " had been seen, the last one is " +
                 std::to_string(entry));
}

}  // namespace spind::test
