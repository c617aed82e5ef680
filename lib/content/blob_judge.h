// Whether a copy of a blob is what was stored, as far as rows and headers tell. No key is needed:
// what is sealed is judged by what is stored of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "content/frames.h"
#include "content/packs.h"
#include "kv/kv.h"
#include "model/vault_rows.h"
#include "spind/blob_store.h"

namespace spind::content {

// Whether the frames are whole and those of the piece whose row that is.
bool are_frames_of(const model::VaultId& vault, const model::PieceId& piece,
                   const model::PieceRow& row, Bytes frames);

// Asked of a piece that is not whole, of which this is the first header, whether anything refers to
// it there.
using PieceInUse = std::function<Result<bool>(const FrameHeader&, const model::BlobPlace&)>;

// Goes from header to header. False: the blob, whose first byte lies at `place`, holds something
// that is in use and not whole, or ends otherwise than with a piece. What a pack holds from
// `end_bytes` on may be anything; none: nothing may.
Result<bool> is_blob_whole(model::BlobPlace place, Bytes bytes,
                           std::optional<std::uint64_t> end_bytes, const PieceInUse& in_use);

// Whether a copy of a pack is known to hold all that anything refers to, so that it may replace any
// other.
Result<bool> holds_all(const kv::View& rows, const PackBlob& pack, Bytes bytes);

// Of the blob in which this piece lies; `pack` if that is a pack. Only what may replace any other
// copy is sound.
BlobState judge_blob(const kv::View& rows, const model::VaultId& vault, const model::PieceId& piece,
                     const model::PieceRow& row, const std::optional<PackBlob>& pack, Bytes bytes);

}  // namespace spind::content
