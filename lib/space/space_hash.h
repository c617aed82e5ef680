// Spaces as keys of hash tables, and in announced rows.
#pragma once

#include <span>
#include <vector>

#include "base/hash.h"
#include "kv/kv.h"
#include "model/keys.h"

namespace spind::space {

struct SpaceHash {
  std::size_t operator()(const SpaceId& space) const noexcept { return xxh3_64(space.bytes); }
};

// Adds the spaces whose heads are among the rows: what readers see of them has changed.
inline void add_changed(std::span<const kv::Row> rows, std::vector<SpaceId>& spaces) {
  for (const kv::Row& row : rows)
    if (model::is_head_key(row.key)) spaces.push_back(model::space_of(row.key));
}

}  // namespace spind::space
