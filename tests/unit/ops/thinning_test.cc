#include "ops/thinning.h"

#include <doctest/doctest.h>

#include <set>
#include <vector>

namespace spind::ops {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr std::int64_t kHour_ns = 3600 * kSecond_ns, kDay_ns = 24 * kHour_ns;
// A Thursday's midnight, at which a week of 1970's begins too.
constexpr std::int64_t kNow_ns = 2'900 * 7 * kDay_ns;

// The times that are left of versions written then, oldest first.
using Times = std::vector<std::int64_t>;
Times thin(const VersionPolicy& policy, const Times& times, std::optional<std::int64_t> now_ns) {
  Times kept;
  const ThinningRule rule(policy, now_ns);
  std::uint64_t newer = 0;
  for (std::size_t i = times.size(); i-- > 0;) {
    std::optional<std::int64_t> next_ns;
    if (i + 1 < times.size()) next_ns = times[i + 1];
    if (rule.is_outlasted(times[i], next_ns)) continue;
    if (!rule.is_beyond(times[i], newer++)) kept.insert(kept.begin(), times[i]);
  }
  return kept;
}

// One version in each step, up to now.
Times written_every(std::int64_t step_ns, std::size_t count) {
  Times times;
  for (std::size_t i = count; i-- > 0;)
    times.push_back(kNow_ns - static_cast<std::int64_t>(i) * step_ns);
  return times;
}

std::size_t younger(const Times& times, std::int64_t age_ns) {
  std::size_t count = 0;
  for (const std::int64_t time : times) count += kNow_ns - time < age_ns ? 1 : 0;
  return count;
}

constexpr VersionPolicy kLadder{.thinning = Thinning::ladder};
constexpr VersionPolicy kAutomatic{.thinning = Thinning::automatic};
VersionPolicy by_count(std::uint64_t count_min, std::int64_t keep_ns, std::uint64_t count_max) {
  return {Thinning::count_and_age, count_min, keep_ns, count_max};
}

TEST_CASE("thinning: keep-all drops nothing, however old and many") {
  const Times times = written_every(kDay_ns, 2000);
  CHECK(thin({}, times, kNow_ns) == times);
}

TEST_CASE("thinning: by count and age, what is old or too many goes, and the newest stay") {
  const Times times = written_every(kHour_ns, 50);
  CHECK(thin(by_count(0, INT64_MAX, 7), times, kNow_ns).size() == 7);
  CHECK(thin(by_count(0, INT64_MAX, 7), times, kNow_ns).front() == times[43]);
  CHECK(thin(by_count(0, 9 * kHour_ns, 0), times, kNow_ns).size() == 10);  // the tenth is not older
  CHECK(thin(by_count(0, 9 * kHour_ns, 7), times, kNow_ns).size() == 7);
  CHECK(thin(by_count(20, 9 * kHour_ns, 0), times, kNow_ns).size() == 20);
  CHECK(thin(by_count(20, 9 * kHour_ns, 7), times, kNow_ns).size() == 20);
  CHECK(thin(by_count(0, 0, 0), times, kNow_ns + 1).empty());
  CHECK(thin(by_count(0, INT64_MAX, 0), times, kNow_ns) == times);
}

TEST_CASE("thinning: a ladder keeps fewer the older they are, and the newest of each length") {
  const Times seconds = written_every(kSecond_ns, 3 * 3600);
  const Times first_hours = thin(kLadder, seconds, kNow_ns);
  CHECK(younger(first_hours, 10 * kSecond_ns) == 6);  // now itself begins a length
  CHECK(younger(first_hours, 60 * kSecond_ns) == 6 + 5);
  CHECK(younger(first_hours, kHour_ns) == 6 + 5 + 59);
  CHECK(first_hours.size() == 6 + 5 + 59 + 2);
  CHECK(first_hours.back() == kNow_ns);
  CHECK(first_hours.front() == kNow_ns - 2 * kHour_ns - kSecond_ns);
  const Times days = thin(kLadder, written_every(kHour_ns, 24 * 100), kNow_ns);
  CHECK(younger(days, kDay_ns) == 24);
  CHECK(younger(days, 30 * kDay_ns) == 24 + 29);
  CHECK(days.size() == 24 + 29 + 10);
}

TEST_CASE("thinning: automatic keeps all of a month, then grows sparser, and at most 500") {
  const Times times = thin(kAutomatic, written_every(kHour_ns / 2, 2 * 24 * 9), kNow_ns);
  CHECK(times.size() == 2 * 24 * 9);
  const Times sparse = thin(kAutomatic, written_every(12 * kHour_ns, 2 * 400), kNow_ns);
  CHECK(younger(sparse, 60 * kDay_ns) == 120);
  CHECK(younger(sparse, 180 * kDay_ns) == 120 + 120);
  CHECK(sparse.size() == 120 + 120 + 32);
  CHECK(thin(kAutomatic, written_every(kSecond_ns, 3000), kNow_ns).size() == 500);
}

TEST_CASE("thinning: what is kept does not depend on when it was looked at before") {
  Times all = written_every(7 * 60 * kSecond_ns, 20'000);
  for (std::int64_t& time : all) time -= 1'234'567'891;
  for (const VersionPolicy& policy : {kLadder, by_count(3, 20 * kDay_ns, 300)}) {
    Times often;
    std::int64_t now_ns = all.front();
    std::size_t at = 0;
    for (; now_ns < kNow_ns; now_ns += 5 * kHour_ns) {
      for (; at < all.size() && all[at] <= now_ns; ++at) often.push_back(all[at]);
      often = thin(policy, often, now_ns);
    }
    for (; at < all.size(); ++at) often.push_back(all[at]);
    CHECK(thin(policy, often, kNow_ns) == thin(policy, all, kNow_ns));
  }
}

TEST_CASE("thinning: without a time only numbers count, and what is still to come is not old") {
  const Times times = written_every(kDay_ns, 1000);
  CHECK(thin(kLadder, times, std::nullopt) == times);
  CHECK(thin(kAutomatic, times, std::nullopt).size() == 500);
  CHECK(thin(by_count(0, 0, 0), times, std::nullopt) == times);
  CHECK(thin(by_count(0, 0, 9), times, std::nullopt).size() == 9);
  const Times same(300, kNow_ns);
  for (const VersionPolicy& policy : {kLadder, kAutomatic, by_count(0, 0, 0)}) {
    CHECK(thin(policy, times, times.front() - 1) ==
          (policy == kAutomatic ? Times(times.end() - 500, times.end()) : times));
    CHECK(thin(policy, same, kNow_ns - kDay_ns) == same);
  }
  CHECK(thin(by_count(0, 0, 0), same, INT64_MAX).empty());
  CHECK(thin(kLadder, {INT64_MIN, INT64_MIN + 1, 0}, -1).size() == 2);
}

}  // namespace
}  // namespace spind::ops
