// Work at a rate: bytes are paid for in time.
#include "base/pace.h"

#include <doctest/doctest.h>

namespace spind {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;

TEST_CASE("pace: what was done is waited for before more is begun") {
  Pace pace(1'000, 0);
  CHECK(pace.wait_ns(0) <= 0);
  pace.spend(3'000, 0);
  CHECK(pace.wait_ns(0) == 3 * kSecond_ns);
  CHECK(pace.wait_ns(kSecond_ns) == 2 * kSecond_ns);
  pace.spend(1'000, kSecond_ns);
  CHECK(pace.wait_ns(4 * kSecond_ns) == 0);
}

TEST_CASE("pace: the time that the work took counts, a longer pause does not") {
  Pace pace(1'000, 0);
  pace.spend(1'000, kSecond_ns / 2);
  CHECK(pace.wait_ns(kSecond_ns / 2) == kSecond_ns / 2);
  pace.spend(5'000, 100 * kSecond_ns);
  CHECK(pace.wait_ns(100 * kSecond_ns) == 4 * kSecond_ns);
}

TEST_CASE("pace: without a rate nothing is waited for") {
  Pace pace(0, 0);
  pace.spend(UINT64_MAX, 0);
  CHECK(pace.wait_ns(0) == 0);
}

}  // namespace
}  // namespace spind
