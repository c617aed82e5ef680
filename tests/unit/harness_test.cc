#include "support/harness.h"

#include <doctest/doctest.h>

#include <fstream>

namespace spind::test {

TEST_CASE("harness: a temporary folder is empty, its own, and gone afterwards") {
  std::filesystem::path path;
  {
    TemporaryFolder folder;
    TemporaryFolder other;
    path = folder.path();
    CHECK(path != other.path());
    CHECK(std::filesystem::is_empty(path));
    std::ofstream(folder / "left behind") << "x";
    CHECK(std::filesystem::exists(path / "left behind"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("harness: the seed stays the same within a run") { CHECK(seed() == seed()); }

TEST_CASE("harness: the work grows with the effort") {
  const std::uint64_t chosen = scaled(1, 2, 3);
  if (effort() == Effort::fast) CHECK(chosen == 1);
  if (effort() == Effort::ci) CHECK(chosen == 2);
  if (effort() == Effort::long_form) CHECK(chosen == 3);
}

}  // namespace spind::test
