// What the policies of all spaces drop: items of the trash, and earlier versions.
#pragma once

#include "ops/context.h"

namespace spind::ops {

struct RetentionRun {
  std::optional<std::int64_t> now_ns{};  // none: the clocks disagree, and age says nothing
  // In each space so many earlier versions are looked at, from where the last run with such a bound
  // ended. None: all of them are.
  std::optional<std::uint64_t> versions_max{};
  ProgressCallback progress{};  // in steps; the total is not known
  std::optional<CancelToken> cancel{};
};

struct Retired {
  std::uint64_t trash_items = 0, versions = 0;
};

// By entries that name nobody. A space that is out of use keeps what it has. One that cannot be
// read stops nobody else's; the first such error is the answer at the end.
Status keep_to_policies(const Context& context, const RetentionRun& run, Retired& retired);

}  // namespace spind::ops
