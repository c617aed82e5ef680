// What policies drop, as the model has it.
#include <algorithm>

#include "model/model_space.h"

namespace spind::test {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000, kDay_ns = 86'400 * kSecond_ns;

// One version is kept in each length of so many seconds; 0: all are.
std::int64_t length_s(Thinning thinning, std::int64_t age_ns) {
  if (thinning == Thinning::ladder) {
    if (age_ns < 10 * kSecond_ns) return 2;
    if (age_ns < 60 * kSecond_ns) return 10;
    if (age_ns < 3'600 * kSecond_ns) return 60;
    if (age_ns < kDay_ns) return 3'600;
    return age_ns < 30 * kDay_ns ? 86'400 : 7 * 86'400;
  }
  if (age_ns < 30 * kDay_ns) return 0;
  if (age_ns < 60 * kDay_ns) return 3'600;
  return age_ns < 180 * kDay_ns ? 86'400 : 7 * 86'400;
}

// Whether the one at `at` goes from among times in order.
bool goes(const VersionPolicy& policy, const std::vector<std::int64_t>& times, std::size_t at,
          std::optional<std::int64_t> now_ns) {
  if (policy.thinning == Thinning::keep_all) return false;
  const std::size_t newer = times.size() - 1 - at;
  if (policy.thinning == Thinning::count_and_age) {
    if (newer < policy.count_min) return false;
    if (policy.count_max != 0 && newer >= policy.count_max) return true;
    return now_ns && policy.keep_ns != INT64_MAX && times[at] + policy.keep_ns < *now_ns;
  }
  if (!now_ns || times[at] > *now_ns) return false;
  const std::int64_t length = length_s(policy.thinning, *now_ns - times[at]);
  if (length == 0) return false;
  const auto number = [length](std::int64_t time_ns) { return time_ns / kSecond_ns / length; };
  return std::any_of(times.begin() + static_cast<std::ptrdiff_t>(at) + 1, times.end(),
                     [&](std::int64_t later) { return number(later) == number(times[at]); });
}

}  // namespace

std::uint64_t ModelSpace::purge_old(const TrashPolicy& policy, std::int64_t now_ns) {
  std::vector<NodeId> old;
  for (const NodeId item : trash())
    if (policy.keep_ns != INT64_MAX && nodes_.at(item).removed_ns + policy.keep_ns <= now_ns)
      old.push_back(item);
  if (old.empty()) return 0;
  const EntryNumber entry = last_entry_ + 1;
  now_ns_ = std::max(last_time_ns_, now_ns);
  std::reverse(old.begin(), old.end());
  for (const NodeId item : old) {
    nodes_.at(item).purged = true;
    nodes_.at(item).purged_entry = entry;
    tell(ChangeKind::purged, item, entry).who.clear();
  }
  happened(entry, true);
  return old.size();
}

std::uint64_t ModelSpace::thin(const VersionPolicy& policy, std::optional<std::int64_t> now_ns,
                               std::int64_t time_ns) {
  std::uint64_t removed = 0;
  for (auto& [id, node] : nodes_) {
    if (node.kind != NodeKind::file || !alive(id)) continue;
    std::vector<Version*> earlier;
    std::vector<std::int64_t> times;
    for (std::size_t i = 0; i + 1 < node.versions.size(); ++i) {
      Version& version = node.versions[i];
      if (version.removed || version.pinned || !version.label.empty()) continue;
      earlier.push_back(&version);
      times.push_back(version.written_ns);
    }
    for (std::size_t i = 0; i < earlier.size(); ++i) {
      earlier[i]->removed = goes(policy, times, i, now_ns);
      removed += earlier[i]->removed ? 1 : 0;
    }
  }
  if (removed > 0) hidden(last_entry_ + 1, time_ns);
  return removed;
}

}  // namespace spind::test
