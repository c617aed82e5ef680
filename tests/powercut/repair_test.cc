// The power is cut amid a repair, at one point after another: what was sound is still there, also
// when something is collected before the next repair, and that one ends where the first would have.
#include <doctest/doctest.h>

#include <filesystem>

#include "powercut/power_cut_disk.h"
#include "powercut/power_cut_files.h"
#include "powercut/power_cut_fs.h"
#include "support/harness.h"
#include "support/store/sample.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

namespace fs = std::filesystem;

StoreOptions small() {
  StoreOptions options{.create = true};
  options.memory_bytes = 64ull << 20;
  options.free_space_reserve_bytes = 0;
  options.upkeep_period = std::chrono::milliseconds(0);
  return options;
}

// A sample whose rows are damaged.
void make_damaged(const std::string& folder) {
  kv::Store* rows = nullptr;
  engine::Seams seams;
  seams.open_kv = [&rows](const engine::KvSetup& setup) {
    auto opened = engine::default_kv(setup);
    if (opened.ok()) rows = opened->get();
    return opened;
  };
  Store store = engine::open_with(folder, small(), seams).value();
  make_sample(store);
  // Nothing is unchecked any more of which a lost row would say that it is needed.
  REQUIRE(store.collect().ok());
  damage_derived(*rows, store);
  damage_for_good(*rows, store);
  REQUIRE(store.close().ok());
}

Result<CheckReport> repair(const Store& store) {
  CheckOptions options;
  options.read_content = options.repair = true;
  return store.check(options);
}

// What the space holds, and what was set aside.
std::string outcome(const Store& store, const CheckReport& report) {
  std::string text;
  for (const CheckFinding& aside : report.set_aside) text += aside.kind + " ";
  text += "\n";
  const Space space = store.session({.user = "ada"}).value().space_by_alias("faults").value();
  return text + describe(space).value();
}

std::string what_is_wrong(const Store& store) {
  const Status read = read_undamaged(store);
  return read.ok() ? "" : read.error().to_string();
}

// A copy of the damaged store, on a disk whose power can be cut.
class Trial {
 public:
  explicit Trial(const std::string& damaged) {
    fs::copy(damaged, path(), fs::copy_options::recursive);
  }
  std::string path() const { return folder_ / "store"; }

  // Answers how many calls the repair made, and whether it came to its end.
  struct Run {
    std::uint64_t calls = 0;
    bool whole = false;
  };
  Run repair_until(std::uint64_t cut_after, std::uint64_t seed) {
    Run run;
    PowerCutDisk disk(folder_.path().string());
    PowerCutFiles files(disk);
    engine::Seams seams;
    seams.files = &files;
    seams.open_kv = rocksdb_on(power_cut_file_system(disk));
    {
      Store store = engine::open_with(path(), small(), seams).value();
      const std::uint64_t before = disk.calls();
      disk.cut_after(cut_after, seed);
      run.whole = repair(store).ok();
      run.calls = disk.calls() - before;
      (void)store.close();
    }
    disk.cut(seed);
    disk.apply();
    return run;
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("power cut: a repair that is cut short has lost nothing, and another one ends it") {
  TemporaryFolder folder;
  make_damaged(folder / "damaged");
  std::string wanted;
  std::uint64_t calls = 0;
  {
    Trial whole(folder / "damaged");
    const Trial::Run run = whole.repair_until(UINT64_MAX / 2, seed());
    REQUIRE(run.whole);
    calls = run.calls;
    const Store store = Store::open(whole.path(), small()).value();
    const CheckReport report = repair(store).value();
    CHECK(report.findings_total == 0);
    wanted = outcome(store, report);
    CHECK(wanted.starts_with(kSetAside));
  }
  REQUIRE(calls > 20);
  const std::uint64_t cuts = std::min(calls, scaled(5, 30, calls));
  std::uint64_t cut_short = 0;
  for (std::uint64_t i = 0; i < cuts; ++i) {
    CAPTURE(i);
    Trial trial(folder / "damaged");
    cut_short += trial.repair_until(1 + i * calls / cuts, seed() + i).whole ? 0 : 1;
    const Store store = Store::open(trial.path(), small()).value();
    CHECK(what_is_wrong(store) == "");
    // It tells at the end of what it could not read.
    const Code collected = store.collect({.grace = std::chrono::seconds(0)}).code();
    CHECK((collected == Code::ok || collected == Code::not_found));
    CHECK(what_is_wrong(store) == "");
    const CheckReport report = repair(store).value();
    CHECK(report.findings_left == 0);
    CHECK(outcome(store, report) == wanted);
    CHECK(repair(store).value().findings_total == 0);
    CHECK(store.collect().ok());
  }
  CHECK(cut_short > cuts / 2);
}

}  // namespace spind::test
