// Which entries the tree of a space stands on. A rewind makes an earlier state the newest, so what
// came between belongs to the past alone, until it is itself rewound to.
#pragma once

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "spind/types.h"

namespace spind::upkeep {

// One thread at a time. Memory grows with the number of rewinds.
class Lineage {
 public:
  // In order of numbers.
  void add_rewind(EntryNumber number, EntryNumber to) { rewinds_.emplace_back(number, to); }

  // Once all are known.
  void settle() {
    EntryNumber last = std::numeric_limits<EntryNumber>::max();
    for (auto rewind = rewinds_.rbegin(); rewind != rewinds_.rend(); ++rewind) {
      if (rewind->first > last) continue;
      stretches_.push_back({rewind->first, last});
      last = rewind->second;
    }
    stretches_.push_back({0, last});
    std::reverse(stretches_.begin(), stretches_.end());
  }

  bool holds(EntryNumber entry) const {
    const auto behind = std::upper_bound(
        stretches_.begin(), stretches_.end(), entry,
        [](EntryNumber number, const auto& stretch) { return number < stretch.first; });
    return behind != stretches_.begin() && entry <= std::prev(behind)->second;
  }

 private:
  std::vector<std::pair<EntryNumber, EntryNumber>> rewinds_;    // number, to
  std::vector<std::pair<EntryNumber, EntryNumber>> stretches_;  // first, last; in order
};

}  // namespace spind::upkeep
