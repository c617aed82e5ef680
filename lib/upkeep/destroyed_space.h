// A space whose vault was destroyed: nobody can ever read it again, so it goes as one that was
// purged.
#pragma once

#include "content/content.h"

namespace spind::upkeep {

// Makes of such a space one that goes (space_erasure.h): from then on nobody finds it, and its
// alias is free. Needs no keys, so it is no entry. Durable when it returns; any other space is left
// alone.
Status retire_if_destroyed(kv::Store& kv, content::Content& content, std::uint64_t epoch,
                           const SpaceId& space);

}  // namespace spind::upkeep
