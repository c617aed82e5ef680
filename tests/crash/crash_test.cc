// A writer is killed at random moments: what it had acknowledged is there, what it had not is there
// whole or not at all, the check is clean, and collect leaves nothing that nobody refers to.
#include <doctest/doctest.h>

#include <future>
#include <memory>

#include "crash/crash_driver.h"

namespace spind::test {
namespace {

// So many kills on one store, then a fresh one, so that its size stays small.
constexpr std::uint64_t kKillsPerStore = 20;

Aftermath kill_many(std::uint64_t first_seed, std::uint64_t kills, bool far) {
  Aftermath tally;
  std::unique_ptr<CrashDriver> driver;
  for (std::uint64_t i = 0; i < kills && tally.clean(); ++i) {
    if (i % kKillsPerStore == 0) {
      if (driver) tally.acknowledged += driver->acknowledged();
      driver = std::make_unique<CrashDriver>(first_seed + i, far);
    }
    driver->kill_once(tally);
  }
  if (driver) tally.acknowledged += driver->acknowledged();
  return tally;
}

}  // namespace

TEST_CASE("crash: a killed writer loses nothing that it acknowledged, and tears nothing") {
  const std::uint64_t kills = scaled(6, 200, 10'000);
  // Half of them where the blobs lie elsewhere.
  auto beside = std::async(std::launch::async, kill_many, seed() + 500'000'000, kills / 2, true);
  Aftermath tally = kill_many(seed(), kills - kills / 2, false);
  tally.add(beside.get());

  INFO(tally.text);
  CHECK(tally.text == "");
  CHECK(tally.kills == kills);
  CHECK(tally.acknowledged > kills);
  CHECK(tally.lost == 0);
  CHECK(tally.torn == 0);
  CHECK(tally.check_findings == 0);
  CHECK(tally.orphans == 0);
  write_report("crash.json", tally.report());
}

}  // namespace spind::test
