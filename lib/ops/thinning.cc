#include "ops/thinning.h"

#include <span>

namespace spind::ops {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr std::int64_t kMinute_ns = 60 * kSecond_ns;
constexpr std::int64_t kHour_ns = 60 * kMinute_ns;
constexpr std::int64_t kDay_ns = 24 * kHour_ns;
constexpr std::int64_t kWeek_ns = 7 * kDay_ns;

// Of the versions that are younger than `age_ns`, one in each length is kept; 0: all.
struct Rung {
  std::int64_t age_ns = 0, length_ns = 0;
};
// In order of age; each length is a multiple of the one before.
constexpr Rung kLadder[] = {{10 * kSecond_ns, 2 * kSecond_ns},
                            {kMinute_ns, 10 * kSecond_ns},
                            {kHour_ns, kMinute_ns},
                            {kDay_ns, kHour_ns},
                            {30 * kDay_ns, kDay_ns},
                            {INT64_MAX, kWeek_ns}};
constexpr Rung kAutomatic[] = {
    {30 * kDay_ns, 0}, {60 * kDay_ns, kHour_ns}, {180 * kDay_ns, kDay_ns}, {INT64_MAX, kWeek_ns}};
constexpr std::uint64_t kAutomaticCountMax = 500;

std::int64_t length_for(std::span<const Rung> rungs, std::int64_t age_ns) {
  for (const Rung& rung : rungs)
    if (age_ns < rung.age_ns) return rung.length_ns;
  return rungs.back().length_ns;
}

// Of lengths that follow each other since 1970, and before.
std::int64_t length_of(std::int64_t time_ns, std::int64_t length_ns) {
  return time_ns / length_ns - (time_ns % length_ns < 0 ? 1 : 0);
}

}  // namespace

bool ThinningRule::is_outlasted(std::int64_t written_ns,
                                std::optional<std::int64_t> next_ns) const {
  const bool ladder = policy_.thinning == Thinning::ladder;
  if (!ladder && policy_.thinning != Thinning::automatic) return false;
  // What is from a time to come, by this clock, is not old.
  if (!now_ns_ || !next_ns || written_ns > *now_ns_) return false;
  const std::int64_t length_ns =
      length_for(ladder ? std::span<const Rung>(kLadder) : kAutomatic, *now_ns_ - written_ns);
  return length_ns != 0 && length_of(written_ns, length_ns) == length_of(*next_ns, length_ns);
}

bool ThinningRule::is_beyond(std::int64_t written_ns, std::uint64_t newer) const {
  if (policy_.thinning == Thinning::automatic) return newer >= kAutomaticCountMax;
  if (policy_.thinning != Thinning::count_and_age || newer < policy_.count_min) return false;
  if (policy_.count_max != 0 && newer >= policy_.count_max) return true;
  return now_ns_ && written_ns<*now_ns_&& * now_ns_ - written_ns> policy_.keep_ns;
}

}  // namespace spind::ops
