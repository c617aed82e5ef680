// The power is cut under RocksDB, packs and objects at once: what was acknowledged is there, what
// was not is there whole or not at all, and what anybody had seen is still to be seen.
#include <doctest/doctest.h>

#include <memory>

#include "powercut/power_cut_run.h"

namespace spind::test {
namespace {

// So many cuts on one store, then a fresh one, so that its size stays small.
constexpr std::uint64_t kCutsPerStore = 10;

}  // namespace

TEST_CASE("power cut: a store loses nothing that it acknowledged or showed, and tears nothing") {
  const std::uint64_t cuts = scaled(4, 50, 1'000);
  Aftermath aftermath;
  std::unique_ptr<PowerCutRun> run;
  for (std::uint64_t i = 0; i < cuts && aftermath.clean(); ++i) {
    if (i % kCutsPerStore == 0) {
      if (run) aftermath.acknowledged += run->acknowledged();
      run = std::make_unique<PowerCutRun>(seed() + i);
    }
    run->cut_once(aftermath);
  }
  if (run) aftermath.acknowledged += run->acknowledged();

  INFO(aftermath.text);
  CHECK(aftermath.text == "");
  CHECK(aftermath.kills == cuts);
  CHECK(aftermath.acknowledged > cuts);
  CHECK(aftermath.lost == 0);
  CHECK(aftermath.torn == 0);
  CHECK(aftermath.check_findings == 0);
  CHECK(aftermath.orphans == 0);
  write_report("powercut.json", aftermath.report());
}

}  // namespace spind::test
