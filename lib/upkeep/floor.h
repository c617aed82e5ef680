// Where the floor of a space may move to.
#pragma once

#include <optional>

#include "kv/kv.h"
#include "model/records.h"

namespace spind::upkeep {

// What may be given up. Without `now_ns` the clocks disagree, and age says nothing.
struct FloorWish {
  FloorPolicy policy;
  std::optional<std::int64_t> now_ns;
  bool forget = false;  // all, whatever the policy says
};

// The highest entry that the wish allows, never below the floor that is. It does not lie between a
// rewind that is kept and what that went back to: the way between the two states would be cut.
Result<EntryNumber> find_floor(const kv::View& view, const SpaceId& space, const model::Head& head,
                               const FloorWish& wish);

}  // namespace spind::upkeep
