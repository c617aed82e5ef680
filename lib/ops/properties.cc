#include "space/properties.h"

#include "base/limits.h"
#include "base/try.h"
#include "ops/ops.h"

namespace spind::ops {

Result<std::vector<Property>> properties(const Context& context, const Call& call,
                                         const SpaceId& space, const Ref& node,
                                         std::string_view prefix) {
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find(entered.reading, *entered.info, call, node, access::kStat));
  if (prefix.size() > kPropertyKeyBytesMax) return std::vector<Property>{};
  return space::properties_of(entered.reading.snapshot(), space, at.place.node->id, prefix);
}

}  // namespace spind::ops
