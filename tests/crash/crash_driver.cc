#include "crash/crash_driver.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "engine/seams.h"
#include "spind/blob_places.h"
#include "spind/key_provider.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kKillsPerStore = 20;
constexpr std::uint64_t kStoresPerEncrypted = 3;
constexpr std::uint64_t kPlainKills = 2;

class InStoreFolder : public CrashPlace {
 public:
  std::string word() const override { return ""; }
  Result<std::shared_ptr<BlobStore>> open() override { return std::shared_ptr<BlobStore>(); }
  void compare(const std::string& store_folder, kv::Store&, const Ledger& ledger,
               Aftermath& tally) override {
    count_objects(store_folder, ledger, tally);
  }
};

class InOtherFolder : public CrashPlace {
 public:
  explicit InOtherFolder(bool stages) : stages_(stages) {}

  std::string word() const override { return folder_ / "objects"; }
  bool stages() const override { return stages_; }
  Result<std::shared_ptr<BlobStore>> open() override { return folder_blobs(word()); }
  void compare(const std::string&, kv::Store&, const Ledger& ledger, Aftermath& tally) override {
    count_objects(folder_.path(), ledger, tally);
  }

 private:
  const bool stages_;
  TemporaryFolder folder_;
};

}  // namespace

std::unique_ptr<CrashPlace> in_store_folder() { return std::make_unique<InStoreFolder>(); }
std::unique_ptr<CrashPlace> in_other_folder() { return std::make_unique<InOtherFolder>(false); }
std::unique_ptr<CrashPlace> staged_before_other_folder() {
  return std::make_unique<InOtherFolder>(true);
}

CrashDriver::CrashDriver(std::uint64_t seed, std::unique_ptr<CrashPlace> place, bool encrypted,
                         std::uint64_t plain_kills)
    : seed_(seed),
      place_(std::move(place)),
      random_(seed),
      plain_kills_(plain_kills),
      ledger_(seed) {
  if (!encrypted) return;
  key_file_ = folder_ / "keys";
  (void)add_key(key_file_).value();
}

void CrashDriver::kill_once(Aftermath& tally) {
  run_writer(tally);
  place_->settle();
  judge(tally);
  plain_kills_ -= std::min<std::uint64_t>(plain_kills_, 1);
}

void CrashDriver::run_writer(Aftermath& tally) {
  std::vector<std::string> words = {
      SPIND_CRASH_WRITER, folder_ / "store", (place_->stages() ? "staged " : "") + place_->word(),
      plain_kills_ > 0 ? std::string() : key_file_, std::to_string(seed_)};
  for (std::uint32_t writer = 0; writer < kWriters; ++writer)
    words.push_back(std::to_string(ledger_.next_step(writer)));
  WorkerProcess process(std::move(words));
  listen(process, tally);
  const int status = process.wait();
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
    tally.note("the writer ended by itself, status " + std::to_string(status));
  ++tally.kills;
}

// Reads until the pipe ends, and kills the writer on the way: mostly some time after some steps
// were acknowledged, at times while it is still opening the store.
void CrashDriver::listen(WorkerProcess& process, Aftermath& tally) {
  using Time = WorkerProcess::Time;
  const bool early = random_() % 8 == 0;
  Time::time_point kill_at = Time::now() + std::chrono::seconds(60);
  if (early) kill_at = Time::now() + std::chrono::microseconds(random_() % 200'000);
  bool moment_known = early;
  const std::uint64_t wanted = ledger_.acknowledged_count() + 1 + random_() % 8;
  for (;;) {
    WorkerRecord record;
    switch (process.hear(record, kill_at)) {
      case WorkerProcess::Heard::end: return;
      case WorkerProcess::Heard::nothing:
        tally.memory_peak_bytes = std::max(tally.memory_peak_bytes, process.memory_peak_bytes());
        process.kill();
        kill_at = Time::time_point::max();
        moment_known = true;
        continue;
      case WorkerProcess::Heard::record: take_note(record, ledger_, tally); break;
    }
    if (moment_known || ledger_.acknowledged_count() < wanted) continue;
    // At times late enough for a whole copy of the store.
    const std::uint64_t latest_us = random_() % 8 == 0 ? 2'500'000 : 150'000;
    kill_at = Time::now() + std::chrono::microseconds(random_() % latest_us);
    moment_known = true;
  }
}

void CrashDriver::judge(Aftermath& tally) {
  StoreOptions options{.create = true};
  options.memory_bytes = 256ull << 20;
  options.free_space_reserve_bytes = 0;
  options.allow_unfenced = true;
  Result<std::shared_ptr<BlobStore>> blobs = place_->open();
  if (!blobs.ok()) return tally.note("blobs: " + blobs.error().to_string());
  options.blobs = *std::move(blobs);
  if (!key_file_.empty() && plain_kills_ == 0) {
    options.keys = key_file(key_file_).value();
    // A kill may have come before the writer did it.
    options.encrypt_existing = true;
  }
  kv::Store* rows = nullptr;
  engine::Seams seams;
  seams.open_kv = [&](const engine::KvSetup& setup) {
    auto opened = engine::default_kv(setup);
    if (opened.ok()) rows = opened->get();
    return opened;
  };
  Result<Store> store = engine::open_with(folder_ / "store", options, seams);
  if (!store.ok()) return tally.note("open: " + store.error().to_string());
  look_at(*store, ledger_, tally);
  if (options.encrypt_existing) expect_encrypted(*store, tally);
  if (place_->stages()) bring_staged(*store, tally);
  place_->compare(folder_ / "store", *rows, ledger_, tally);
  if (options.blobs == nullptr) judge_copy(options, tally);
}

void CrashDriver::judge_copy(StoreOptions options, Aftermath& tally) {
  const std::string folder = folder_ / "store copied";
  if (!std::filesystem::exists(folder)) return;
  options.create = false;
  {
    const Result<Store> copy = Store::open(folder, options);
    if (!copy.ok()) return tally.note("open the copy: " + copy.error().to_string());
    const Result<CheckReport> checked = copy->check({.read_content = true});
    if (!checked.ok()) return tally.note("check the copy: " + checked.error().to_string());
    tally.check_findings += checked->findings_total;
    for (const CheckFinding& finding : checked->findings)
      tally.note("check the copy: " + finding.kind + ": " + finding.text);
  }
  ++tally.copies;
  std::filesystem::remove_all(folder);
}

// Whatever kills left of it, encrypting goes on and ends.
void CrashDriver::expect_encrypted(const Store& store, Aftermath& tally) {
  const Result<EncryptReport> encrypted = store.encrypt_vault("default");
  if (encrypted.code() == Code::not_found) return;
  if (!encrypted.ok()) return tally.note("encrypt: " + encrypted.error().to_string());
  if (!encrypted->finished) tally.note("encrypt: something is plain still");
  // What was plain was moved, into packs that get their rows later.
  if (encrypted->pieces > 0) look_at(store, ledger_, tally);
}

// What was staged was looked at where it lay. The same must be true of it where it goes to.
void CrashDriver::bring_staged(const Store& store, Aftermath& tally) {
  const Result<FlushStagedReport> flushed = store.flush_staged();
  if (!flushed.ok()) return tally.note("flush: " + flushed.error().to_string());
  if (flushed->bytes_left > 0)
    tally.note("flush: " + std::to_string(flushed->bytes_left) + " bytes were not brought");
  look_at(store, ledger_, tally);
}

Aftermath kill_many(std::uint64_t first_seed, std::uint64_t kills, MakeCrashPlace place) {
  Aftermath tally;
  std::unique_ptr<CrashDriver> driver;
  for (std::uint64_t i = 0; i < kills && tally.clean(); ++i) {
    if (i % kKillsPerStore == 0) {
      if (driver) tally.acknowledged += driver->acknowledged();
      const std::uint64_t store = first_seed + i / kKillsPerStore;
      const bool encrypted = store % kStoresPerEncrypted == 0;
      const bool plain_first = store / kStoresPerEncrypted % 2 == 0;
      driver = std::make_unique<CrashDriver>(first_seed + i, place(), encrypted,
                                             plain_first ? kPlainKills : 0);
    }
    driver->kill_once(tally);
  }
  if (driver) tally.acknowledged += driver->acknowledged();
  return tally;
}

}  // namespace spind::test
