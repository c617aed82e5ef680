// Thinning the versions of one space, for who asks for it and for the store itself.
#pragma once

#include "ops/context.h"
#include "spind/version.h"

namespace spind::ops {

struct ThinRun {
  std::optional<std::int64_t> now_ns{};  // none: the clocks disagree
  NodeId first = 0;                      // files with smaller ids are not looked at
  std::uint64_t rows_max = UINT64_MAX;   // it ends with the file in which so many were looked at
  const ThinOptions& options;
};

struct Thinned {
  VersionsThinned versions;
  NodeId next = 0;  // where to go on; 0: all was looked at
};

// By what the space's record says in the newest durable snapshot.
Result<Thinned> thin_space(const Context& context, const Call& call, const SpaceId& space,
                           const ThinRun& run);

}  // namespace spind::ops
