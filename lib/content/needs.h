// Whether a space needs a piece, as its own rows say.
#pragma once

#include "kv/kv.h"
#include "model/content_ref.h"

namespace spind::content {

// True while the space counts references to it, or keeps it so that what let go of it can be undone.
// Over a transaction: one that owns the space's partition.
Result<bool> needs(const kv::View& view, const SpaceId& space, const model::PieceId& piece);

}  // namespace spind::content
