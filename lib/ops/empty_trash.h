// Purging what lies in the trash of one space, for who asks for it and for the store itself.
#pragma once

#include "ops/context.h"
#include "spind/trash.h"

namespace spind::ops {

struct TrashWish {
  std::optional<std::int64_t> newest_ns{};  // what was removed later stays
  // The policy that says so: where the space has another one by now, or is out of use, all stays.
  std::optional<TrashPolicy> policy{};
};

// What the newest durable snapshot has of it, a number of items by each entry.
Result<TrashEmptied> purge_removed(const Context& context, const Call& call, Entered& entered,
                                   const TrashWish& wish, const EmptyTrashOptions& options);

}  // namespace spind::ops
