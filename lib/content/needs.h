// Whether a space needs a piece, as its own rows say.
#pragma once

#include "kv/kv.h"
#include "model/vault_rows.h"

namespace spind::content {

// True while the space counts references to it, or keeps it so that what let go of it can be
// undone. Over a transaction: one that owns the space's partition.
Result<bool> needs(const kv::View& view, const SpaceId& space, const model::PieceId& piece);

// In a body that owns the piece's bucket: the space may have stopped needing the piece, so the
// collector is to look, which also asks whether an upload claims it. No collection runs meanwhile:
// one that saw the need in an older snapshot would take the note away again.
void reconsider(kv::Transaction& rows, const model::VaultId& vault, const SpaceId& space,
                const model::PieceId& piece);

}  // namespace spind::content
