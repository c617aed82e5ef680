#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/ops.h"
#include "ops/page_token.h"
#include "space/resolve.h"

namespace spind::ops {
namespace {

// What a token is bound to: the folder and the filter.
std::string listing_name(const std::string& children_prefix, const ListOptions& options) {
  return children_prefix + static_cast<char>(options.kind ? std::uint8_t(*options.kind) : 0);
}

}  // namespace

Result<Page> list(const Context& context, const Call& call, const SpaceId& space, const Ref& folder,
                  const ListOptions& options) {
  SPIND_TRY(check_page_size(options.count_max));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find(entered.reading, *entered.info, call, folder, access::kListContainer));
  if (at.place.node->kind != NodeKind::folder)
    return Error{
        .code = Code::not_a_folder, .text = "a file has no children", .path = folder.to_string()};
  const NodeId parent = at.place.node->id;
  const std::string prefix = model::children_prefix(space, parent);
  const std::string listing = listing_name(prefix, options);
  std::string begin = prefix;
  if (!options.after.empty()) {
    SPIND_TRY_ASSIGN(const std::string last_name, open_page_token(options.after, listing));
    begin.append(last_name).push_back('\0');
  }
  Page page;
  page.items.reserve(std::min<std::uint64_t>(
      options.count_max, at.place.node->totals.files + at.place.node->totals.folders));
  const auto cursor =
      entered.reading.snapshot().scan(kv::Family::state, begin, model::end_of(prefix));
  model::NodeRecord child;
  for (std::size_t seen = 1; cursor->valid(); cursor->next(), ++seen) {
    SPIND_TRY(model::decode_node(cursor->value(), child));
    const std::string_view name = model::name_in_node_key(cursor->key());
    if (!options.kind || child.kind == *options.kind)
      fill(page.items.emplace_back(), parent, name, child, entered.info->history);
    if (page.items.size() == options.count_max || seen == kPageScanMax) {
      page.next = make_page_token(name, listing);
      break;
    }
    if (seen % 256 == 0) SPIND_TRY(call.interrupted(context.clock));
  }
  SPIND_TRY(cursor->status());
  return page;
}

}  // namespace spind::ops
