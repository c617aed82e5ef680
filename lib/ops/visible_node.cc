#include "ops/visible_node.h"

#include "base/try.h"

namespace spind::ops {

Result<std::optional<NodeInfo>> visible_node(space::NodeSource& source,
                                             const model::SpaceRecord& info, const Call& call,
                                             NodeId node) {
  const Ref ref = Ref::node(node);
  auto at = find(source, info, call, ref, access::kStat);
  if (at.ok()) return std::optional(to_info(at->place, info.history));
  const Code code = at.code();
  // What was moved deeper than can be climbed must not end a listing of others.
  if (code == Code::not_found || code == Code::permission_denied || code == Code::limit_exceeded)
    return std::optional<NodeInfo>{};
  return std::move(at).error();
}

}  // namespace spind::ops
