#include "base/limits.h"
#include "base/try.h"
#include "ops/ops.h"
#include "space/resolve.h"

namespace spind::ops {

Result<NodeInfo> stat(const Context& context, const Call& call, const SpaceId& space,
                      const Ref& node) {
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find(entered.reading, *entered.info, call, node, access::kStat));
  return to_info(at.place, entered.info->history);
}

Result<std::string> path(const Context& context, const Call& call, const SpaceId& space,
                         const Ref& node) {
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find(entered.reading, *entered.info, call, node, access::kGetPath));
  if (at.place.parent == 0) return std::string("/");
  std::string path = "/" + at.place.name;
  for (auto up = at.way.rbegin(); up != at.way.rend() && *up != kRootNode; ++up) {
    SPIND_TRY_ASSIGN(const model::Locator locator, entered.reading.locate(*up));
    path.insert(0, "/" + locator.name);
    if (path.size() > kPathBytesMax)
      return Error{.code = Code::limit_exceeded,
                   .text = "the node lies too deep for a path; use its id",
                   .path = {},
                   .limit = kPathBytesMax};
  }
  return path;
}

}  // namespace spind::ops
