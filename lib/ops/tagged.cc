#include "ops/ops.h"
#include "ops/property_names.h"
#include "ops/row_pages.h"
#include "ops/visible_node.h"

namespace spind::ops {

Result<Page> tagged(const Context& context, const Call& call, const SpaceId& space,
                    std::string_view tag, const TaggedOptions& options) {
  SPIND_TRY(check_page_size(options.count_max));
  SPIND_TRY(check_tag(tag));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  const std::string prefix = model::tagged_prefix(space, tag);
  return page_of_rows<NodeInfo>(
      context, call, entered.reading.snapshot(), {prefix, prefix}, options.count_max, options.after,
      [&](std::string_view key, std::string_view) {
        return visible_node(entered.reading, *entered.info, call, model::last_u64_in(key));
      });
}

}  // namespace spind::ops
