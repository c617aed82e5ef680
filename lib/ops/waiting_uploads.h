// Which spaces may have uploads, so that nobody looks through all of them for what has expired.
#pragma once

#include "kv/kv.h"
#include "space/state.h"

namespace spind::ops {

// Part of every commit that may leave a space with uploads where there were none; it owns
// model::waiting_uploads_key(space) as well. After the entry was applied.
Status note_uploads(kv::Transaction& rows, space::State& state);

Result<bool> has_uploads(const kv::View& view, const SpaceId& space);

}  // namespace spind::ops
