#include "content/blob_judge.h"

#include <algorithm>

#include "base/hash.h"
#include "base/try.h"
#include "content/pack_walk.h"

namespace spind::content {

using model::BlobPlace;

namespace {

// Whether all frames of the piece whose first header this is are whole.
bool is_piece_whole(const FrameHeader& first, Bytes bytes) {
  std::uint64_t left = first.piece_stored_bytes;
  for (std::uint32_t position = 0; left > 0; ++position) {
    const auto header = decode_frame_header(bytes.first(std::min(bytes.size(), kFrameHeaderBytes)));
    if (!header.ok() || header->vault != first.vault || header->piece != first.piece ||
        header->position != position)
      return false;
    const std::uint64_t size = header->header_bytes() + std::uint64_t{header->stored_bytes};
    if (size > left || size > bytes.size()) return false;
    const Bytes stored = bytes.subspan(header->header_bytes(), header->stored_bytes);
    if (xxh3_128(stored) != header->digest) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
    left -= size;
  }
  return true;
}

}  // namespace

bool are_frames_of(const model::VaultId& vault, const model::PieceId& piece,
                   const model::PieceRow& row, Bytes frames) {
  const auto layout = FrameLayout::of(row);
  if (!layout.ok() || layout->size() != frames.size()) return false;
  for (std::uint32_t position = 0; position < layout->count(); ++position) {
    const Bytes stored =
        frames.subspan(layout->header_bytes()).first(layout->stored_bytes(position));
    if (!layout->verify(vault, piece, position, frames, stored).ok()) return false;
    frames = frames.subspan(layout->header_bytes() + stored.size());
  }
  return true;
}

Result<bool> is_blob_whole(BlobPlace place, Bytes bytes, std::optional<std::uint64_t> end_bytes,
                           const PieceInUse& in_use) {
  for (std::uint64_t offset = 0; offset < bytes.size();) {
    const Bytes rest = bytes.subspan(static_cast<std::size_t>(offset));
    const auto header = decode_frame_header(rest.first(std::min(rest.size(), kFrameHeaderBytes)));
    // Nothing tells how it goes on. What is torn at the end of a pack is nobody's.
    if (!header.ok() || header->position != 0 || header->piece_stored_bytes == 0)
      return end_bytes && offset >= *end_bytes;
    place.offset = offset;
    if (!is_piece_whole(*header, rest)) {
      SPIND_TRY_ASSIGN(const bool used, in_use(*header, place));
      if (used) return false;
    }
    offset += header->piece_stored_bytes;
  }
  return true;
}

Result<bool> holds_all(const kv::View& rows, const PackBlob& pack, Bytes bytes) {
  std::optional<std::uint64_t> end_bytes = pack.end_bytes;
  // Before it has its row, there may be a piece in it to which a row refers only later.
  PieceInUse used = [](const FrameHeader&, const BlobPlace&) { return true; };
  if (!end_bytes) {
    SPIND_TRY_ASSIGN(const auto found, find_pack(rows, pack.number));
    // Of one that a crash left open nobody knows yet how long it is.
    if (!found || found->tag == model::LedgerRow::pack_open) return false;
    end_bytes = found->row.end_bytes;
    used = [&](const FrameHeader& header, const BlobPlace& at) { return in_use(rows, header, at); };
  }
  if (bytes.size() < *end_bytes) return false;
  return is_blob_whole({BlobPlace::Kind::pack, pack.number, 0}, bytes, end_bytes, used);
}

BlobState judge_blob(const kv::View& rows, const model::VaultId& vault, const model::PieceId& piece,
                     const model::PieceRow& row, const std::optional<PackBlob>& pack, Bytes bytes) {
  const std::uint64_t begin = row.place.offset, size = bytes.size();
  if (begin > size || row.stored_bytes > size - begin) return BlobState::damaged;
  const Bytes frames =
      bytes.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(row.stored_bytes));
  if (!are_frames_of(vault, piece, row, frames)) return BlobState::damaged;
  // An object holds nothing else.
  if (!pack) return size == row.stored_bytes ? BlobState::sound : BlobState::in_part;
  const auto whole = holds_all(rows, *pack, bytes);
  return whole.ok() && *whole ? BlobState::sound : BlobState::in_part;
}

}  // namespace spind::content
