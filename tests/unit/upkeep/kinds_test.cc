// lib/upkeep/README.md tells of every kind of finding, and of no other.
#include <algorithm>
#include <fstream>

#include "unit/upkeep/planted.h"
#include "upkeep/finding_kinds.h"

namespace spind::test {
namespace {

TEST_CASE("check: every kind of finding has its line in the README, and every line its kind") {
  std::ifstream readme(SPIND_UPKEEP_README);
  REQUIRE(readme.good());
  Kinds told;
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string kind = line.substr(3, line.find('`', 3) - 3);
    CAPTURE(kind);
    CHECK(told.insert(kind).second);
    // What it means, how it is found, how it is repaired, how it is set aside.
    CHECK(std::count(line.begin(), line.end(), '|') == 6);
    CHECK(line.find("|  |") == std::string::npos);
    CHECK_FALSE(line.ends_with("| – | – |"));
  }
  Kinds known;
  for (const std::string_view kind : upkeep::kKindNames) known.emplace(kind);
  CHECK(told == known);
}

}  // namespace
}  // namespace spind::test
