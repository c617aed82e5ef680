// Works on a store until it is killed or told to stop, a round after the other:
//
//   soak_worker FOLDER SEED BEGIN_NS AHEAD_NS STEP…      of the clock; the next step of each writer
//
// In a round the writers of the ledger take some steps, and others do all else beside them, while
// the device is full now and then, and the clock wrong. Then all of it ends, the store collects
// what it can, and is checked; the driver is told that it is quiet, looks, and says "go on" or
// "stop".
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>

#include "base/try.h"
#include "soak/soak_clock.h"
#include "soak/soak_loads.h"
#include "support/store/aftermath.h"
#include "support/store/device.h"
#include "support/store/few_heaps.h"
#include "support/store/side_loads.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kStepsARound = 40;
constexpr std::uint64_t kReserveBytes = 1 << 20;
constexpr std::uint64_t kRoomBytes = std::uint64_t{1} << 50;
constexpr std::uint64_t kRoundsACheckpoint = 8;
constexpr int kCollectionsMax = 10;

[[noreturn]] void fail(const std::string& what, const std::string& why, std::uint32_t writer = 0,
                       std::uint64_t step = 0) {
  std::fprintf(stderr, "soak_worker: %s: %s\n", what.c_str(), why.c_str());
  tell({WorkerRecord::Kind::failed, writer, step});
  std::_Exit(3);
}

void rest(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

// A space whose past, trash and versions are kept for so little that what it holds stays level.
SpaceOptions short_lived(const std::string& alias) {
  SpaceOptions options{.alias = alias};
  // A full disk leaves it open what became of a commit: for longer than a round, repeats are known.
  options.floor = {INT64_MAX, 3 * kWriters * kStepsARound};
  options.trash.keep_ns = 10 * kMinute_ns;
  options.versions = {.thinning = Thinning::count_and_age, .keep_ns = kHour_ns, .count_max = 3};
  return options;
}

// A step may ask for the version before the one that it put, and for what it has removed.
SpaceOptions ledger_options() {
  SpaceOptions options = short_lived(kLedgerSpace);
  options.versions.count_min = 1;
  options.trash.keep_ns = kHour_ns;
  return options;
}

class Soak {
 public:
  Soak(std::string folder, std::uint64_t seed, SoakClock& clock, std::vector<std::uint64_t> steps)
      : folder_(std::move(folder)),
        seed_(seed),
        random_(seed ^ steps[0]),
        clock_(clock),
        files_(Files::system(), device_),
        steps_(std::move(steps)) {}

  void run() {
    device_.set_syncs_left_out();
    open();
    const Session ada = session();
    const Space ledger = space(ada, ledger_options());
    const Space desk = space(ada, short_lived("desk"));
    Follower follower(ledger);
    do {
      writing_ = kWriters;
      std::vector<std::thread> threads;
      for (std::uint32_t writer = 0; writer < kWriters; ++writer)
        threads.emplace_back([&, writer] { write(ledger, writer); });
      beside(threads, "let go", [&](std::uint64_t round) { return forget(ada, round); });
      beside(threads, "come and go", [&](std::uint64_t round) { return come_and_go(ada, round); });
      beside(threads, "ask", [&](std::uint64_t round) { return ask(round); });
      beside(threads, "desk",
             [&](std::uint64_t round) { return tidy_desk(ada, desk, ledger, round); });
      beside(threads, "follow", [&](std::uint64_t) { return follower.look(); });
      weather();
      for (std::thread& thread : threads) thread.join();
      quieten(ada, ledger);
    } while (go_on());
    const Status closed = store_->close();
    if (!closed.ok()) fail("close", closed.error().to_string());
  }

 private:
  void open() {
    StoreOptions options{.create = true};
    options.memory_bytes = kMemoryBytesMin;
    options.free_space_reserve_bytes = kReserveBytes;
    options.upkeep_period = std::chrono::milliseconds(50);
    options.scrub_rate_bytes = 32ull << 20;
    options.scrub_period = std::chrono::seconds(4);
    options.log = [](LogLevel level, std::string_view line) {
      if (level == LogLevel::error && line.starts_with("scrub: ")) fail("log", std::string(line));
    };
    engine::Seams seams = seams_with(clock_);
    seams.files = &files_;
    seams.open_kv = rocksdb_on(device_file_system(device_));
    Result<Store> store = engine::open_with(folder_, options, seams);
    if (!store.ok()) fail("open", store.error().to_string());
    store_.emplace(std::move(store).value());
  }

  Session session(bool deferred = false) const {
    SessionOptions who{.user = "ada"};
    who.deferred = deferred;
    return store_->session(who).value();
  }

  static Space space(const Session& session, const SpaceOptions& options) {
    Result<Space> space = session.space_by_alias(options.alias);
    if (space.code() == Code::not_found) space = session.create_space(options);
    if (!space.ok()) fail("space", space.error().to_string());
    return std::move(space).value();
  }

  // Whether what failed is to be tried again. A store that refuses for good is none that waits.
  bool may_work_again(const Error& error) {
    if (!is_full_device(error)) return false;
    const Status health = store_->health();
    if (!health.ok() && health.code() != Code::no_space) return false;
    ++refused_;
    rest(5);
    return true;
  }

  void write(const Space& ledger, std::uint32_t writer) {
    for (const std::uint64_t end = steps_[writer] + kStepsARound; steps_[writer] < end;
         ++steps_[writer]) {
      const std::uint64_t step = steps_[writer];
      tell({WorkerRecord::Kind::begun, writer, step});
      StepTry one{.request_id = std::to_string(writer) + " " + std::to_string(step)};
      for (;; ++one.number) {
        ++calls_;
        const Status taken = take(ledger, writer_step(seed_, writer, step), one);
        if (taken.ok()) break;
        if (!may_work_again(taken.error())) fail("write", taken.error().to_string(), writer, step);
      }
      tell({WorkerRecord::Kind::acknowledged, writer, step});
    }
    --writing_;
  }

  // For as long as the writers write.
  void beside(std::vector<std::thread>& threads, const char* name,
              std::function<Status(std::uint64_t)> load) {
    threads.emplace_back([this, name, load = std::move(load)] {
      while (writing_ > 0) {
        const Status done = load(calls_++);
        if (done.ok() || is_overtaken(done.error()) || may_work_again(done.error())) continue;
        fail(name, done.error().to_string());
      }
    });
  }

  Status forget(const Session& ada, std::uint64_t round) {
    SPIND_TRY_ASSIGN(const Space forgetful, forgetful_space(ada));
    const SpaceOptions policies = short_lived("");
    SPIND_TRY(forgetful.update({.trash = policies.trash, .versions = policies.versions}));
    return let_go(forgetful, round);
  }

  Status ask(std::uint64_t round) { return ask_around(session(round % 2 == 0), seed_ + round); }

  void weather() {
    if (random_() % 2 == 0) set_clock_for_a_while();
    if (rounds_ % 2 == 0) fill_device_for_a_while();
  }

  // By enough that nobody believes it, and by so little that what was dated ahead is soon old.
  void set_clock_for_a_while() {
    std::int64_t jump = kMinute_ns * static_cast<std::int64_t>(2 + random_() % 8);
    if (random_() % 2 == 0) jump = -jump;
    clock_.set_ahead(jump);
    rest(static_cast<int>(random_() % 100));
    clock_.set_ahead(-jump);
    tell({WorkerRecord::Kind::clock_jump, 0, 0});
  }

  // Until somebody has met it, and a little longer. Sometimes it is full at once, sometimes RocksDB
  // still begins what does not fit.
  void fill_device_for_a_while() {
    const std::uint64_t refused_before = refused_;
    device_.set_free(random_() % (4 * kReserveBytes));
    while (writing_ > 0 && refused_ == refused_before) rest(2);
    rest(static_cast<int>(random_() % 100));
    device_.set_free(kRoomBytes);
    tell({WorkerRecord::Kind::full_disk, 0, 0});
  }

  // Nothing is left to do.
  void quieten(const Session& ada, const Space& ledger) {
    until_it_works("discard", [&] { return discard_held(ledger); });
    until_it_works("purge", [&] { return purge_forgotten(ada); });
    for (int i = 0; i < kCollectionsMax; ++i) {
      std::uint64_t removed = 0;
      until_it_works("collect", [&]() -> Status {
        CollectOptions options{.grace = std::chrono::seconds(0)};
        options.rewrite_rate_bytes = 0;
        SPIND_TRY_ASSIGN(const CollectReport report, store_->collect(options));
        removed = report.removed + report.spaces + report.packs_rewritten;
        return {};
      });
      if (removed == 0) break;
    }
    const Result<CheckReport> checked = store_->check();
    if (!checked.ok()) fail("check", checked.error().to_string());
    for (const CheckFinding& finding : checked->findings) fail(finding.kind, finding.text);
    if (++rounds_ % kRoundsACheckpoint == 0) copy_store();
    // The allocator keeps what was freed, most of it the files that were put here, from memory.
    ::malloc_trim(0);
  }

  void copy_store() {
    const std::string copy = folder_ + " copy";
    std::filesystem::remove_all(copy);
    const Result<CheckpointReport> copied = store_->checkpoint(copy);
    if (!copied.ok()) fail("checkpoint", copied.error().to_string());
    std::filesystem::remove_all(copy);
  }

  template <class Work>
  void until_it_works(const char* name, const Work& work) {
    for (Status done = work(); !done.ok(); done = work())
      if (!may_work_again(done.error())) fail(name, done.error().to_string());
  }

  bool go_on() {
    tell({WorkerRecord::Kind::quiet, 0, calls_.exchange(0)});
    char word = 0;
    return ::read(STDIN_FILENO, &word, 1) == 1 && word == 'g';
  }

  const std::string folder_;
  const std::uint64_t seed_;
  std::mt19937_64 random_;
  SoakClock& clock_;
  Device device_;
  DeviceFiles files_;
  std::vector<std::uint64_t> steps_;  // each its writer's own
  std::optional<Store> store_;
  std::uint64_t rounds_ = 0;
  std::atomic<std::uint32_t> writing_{0};
  std::atomic<std::uint64_t> calls_{0}, refused_{0};
};

}  // namespace
}  // namespace spind::test

int main(int argc, char** argv) {
  using namespace spind::test;
  if (argc != 5 + static_cast<int>(kWriters)) return 2;
  keep_few_heaps();
  SoakClock clock(std::strtoll(argv[3], nullptr, 10), std::strtoll(argv[4], nullptr, 10));
  std::vector<std::uint64_t> steps;
  for (int i = 5; i < argc; ++i) steps.push_back(std::strtoull(argv[i], nullptr, 10));
  Soak(argv[1], std::strtoull(argv[2], nullptr, 10), clock, std::move(steps)).run();
  return 0;
}
