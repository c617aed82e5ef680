#include "base/codec.h"
#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/ops.h"
#include "ops/page_token.h"
#include "ops/property_names.h"
#include "ops/visible_node.h"

namespace spind::ops {

Result<Page> tagged(const Context& context, const Call& call, const SpaceId& space,
                    std::string_view tag, const TaggedOptions& options) {
  SPIND_TRY(check_page_size(options.count_max));
  SPIND_TRY(check_tag(tag));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  const std::string prefix = model::tagged_prefix(space, tag);
  std::string begin = prefix;
  if (!options.after.empty()) {
    SPIND_TRY_ASSIGN(const std::string last, open_page_token(options.after, prefix));
    begin.append(last).push_back('\0');
  }
  Page page;
  const auto cursor =
      entered.reading.snapshot().scan(kv::Family::state, begin, model::end_of(prefix));
  for (std::size_t seen = 1; cursor->valid(); cursor->next(), ++seen) {
    const NodeId node = model::last_u64_in(cursor->key());
    SPIND_TRY_ASSIGN(auto info, visible_node(entered.reading, *entered.info, call, node));
    if (info) page.items.push_back(*std::move(info));
    if (page.items.size() == options.count_max || seen == kPageScanMax) {
      page.next = make_page_token(cursor->key().substr(prefix.size()), prefix);
      break;
    }
    if (seen % 64 == 0) SPIND_TRY(call.interrupted(context.clock));
  }
  SPIND_TRY(cursor->status());
  return page;
}

}  // namespace spind::ops
