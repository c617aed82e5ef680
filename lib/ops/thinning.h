// Which earlier versions of a file a policy drops.
#pragma once

#include <optional>

#include "spind/options.h"

namespace spind::ops {

// What it says of a version depends on the policy, on the time, and on newer versions of the file
// that are neither pinned nor labelled, so the oldest can go first. And since the lengths of time
// of a ladder divide each other, a version that was kept takes the place of all that it outlasted:
// in the end the same ones are there, however often and whenever anybody looked.
//
// A version goes for either of two reasons. Values; thread-safe.
class ThinningRule {
 public:
  // Without `now_ns` nobody knows how old anything is, and only numbers count.
  ThinningRule(const VersionPolicy& policy, std::optional<std::int64_t> now_ns)
      : policy_(policy), now_ns_(now_ns) {}

  // The length of time that it is to stand for has a newer one. `next_ns`: when the next newer
  // version was written; none: it is the newest of the earlier ones.
  bool is_outlasted(std::int64_t written_ns, std::optional<std::int64_t> next_ns) const;
  // It is too old, or there are too many: `newer` of those that are not outlasted are newer.
  bool is_beyond(std::int64_t written_ns, std::uint64_t newer) const;

 private:
  const VersionPolicy policy_;
  const std::optional<std::int64_t> now_ns_;
};

}  // namespace spind::ops
