// A writer is killed at random moments: what it had acknowledged is there, what it had not is there
// whole or not at all, the check is clean, and collect leaves nothing that nobody refers to.
#include <doctest/doctest.h>

#include <future>

#include "crash/crash_driver.h"

namespace spind::test {
TEST_CASE("crash: a killed writer loses nothing that it acknowledged, and tears nothing") {
  const std::uint64_t kills = scaled(6, 200, 10'000);
  // Half of them where the blobs lie elsewhere, and half of these with small files staged first.
  auto beside = std::async(std::launch::async, [kills] {
    Aftermath elsewhere = kill_many(seed() + 500'000'000, kills / 4, in_other_folder);
    elsewhere.add(
        kill_many(seed() + 600'000'000, kills / 2 - kills / 4, staged_before_other_folder));
    return elsewhere;
  });
  Aftermath tally = kill_many(seed(), kills - kills / 2, in_store_folder);
  tally.add(beside.get());

  INFO(tally.text);
  CHECK(tally.text == "");
  CHECK(tally.kills == kills);
  CHECK(tally.acknowledged > kills);
  CHECK(tally.lost == 0);
  CHECK(tally.torn == 0);
  CHECK(tally.check_findings == 0);
  CHECK(tally.orphans == 0);
  // Few kills may all come before a whole copy was made.
  if (kills >= 200) CHECK(tally.copies > 0);
  write_report("crash.json", tally.report());
}

}  // namespace spind::test
