#include "upkeep/floor.h"

#include <algorithm>

#include "base/try.h"
#include "model/keys.h"
#include "space/travel.h"

namespace spind::upkeep {
namespace {

Result<EntryNumber> floor_by_age(const kv::View& view, const SpaceId& space,
                                 const model::Head& head, const FloorWish& wish) {
  const std::int64_t keep_ns = wish.policy.keep_ns;
  // Longer than the clock can tell is for ever.
  if (!wish.now_ns || *wish.now_ns < INT64_MIN + keep_ns) return head.floor;
  auto found = space::entry_at(view, space, head, *wish.now_ns - keep_ns);
  if (found.code() == Code::cursor_too_old) return head.floor;
  return found;
}

// The lowest entry below `floor` that a rewind above it went back to, or `floor`.
Result<EntryNumber> below_rewinds(const kv::View& view, const SpaceId& space, EntryNumber floor) {
  EntryNumber lowest = floor;
  const auto cursor = view.scan(kv::Family::state, model::rewind_key(space, floor + 1),
                                model::end_of(model::row_prefix(space, model::SpaceRow::rewind)));
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY_ASSIGN(const EntryNumber to, model::decode_count(cursor->value()));
    lowest = std::min(lowest, to);
  }
  SPIND_TRY(cursor->status());
  return lowest;
}

}  // namespace

Result<EntryNumber> find_floor(const kv::View& view, const SpaceId& space, const model::Head& head,
                               const FloorWish& wish) {
  if (wish.forget) return head.entry;
  SPIND_TRY_ASSIGN(EntryNumber floor, floor_by_age(view, space, head, wish));
  const std::uint64_t keep = wish.policy.keep_entries;
  if (keep != 0 && head.entry > keep) floor = std::max(floor, head.entry - keep);
  // A lower one may have further rewinds above it.
  for (EntryNumber before = 0; before != floor && floor > head.floor;) {
    before = floor;
    SPIND_TRY_ASSIGN(floor, below_rewinds(view, space, floor));
  }
  return std::max(floor, head.floor);
}

}  // namespace spind::upkeep
