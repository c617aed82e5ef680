#include "content/piece_reader.h"

#include <algorithm>

#include "base/hash.h"
#include "base/limits.h"
#include "base/try.h"
#include "content/piece_source.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::VaultRow;

Content::PieceState state_of(const model::VaultId& vault, const model::PieceId& piece) {
  Content::PieceState state;
  state.tenant_vault = as_text(Bytes(vault));
  state.id = piece;
  return state;
}

void PieceReader::verify(const model::VaultId& vault, const model::PieceRow& row,
                         Content::PieceState& state) {
  const auto look = [&] { return resources_.vaults.look(row, vault, state.id); };
  state.bytes = look();
  if (suspects(vault, state.id, row, state.bytes)) state.bytes = look();
  // A plain piece of a vault that is being encrypted: without keys nobody knows that it is.
  const bool locked = state.bytes.code() == Code::key_unavailable;
  if (!state.bytes.ok() && !locked) return;
  state.opened = resources_.vaults.keys().at_hand(vault).code() != Code::key_unavailable;
  if (state.opened) state.bytes = read_whole(vault, state.id, row);
  // The keys may have gone meanwhile.
  if (state.bytes.code() == Code::key_unavailable) state.opened = false;
  if (state.opened) return;
  state.bytes = read_stored(vault, state.id, row);
  if (suspects(vault, state.id, row, state.bytes)) state.bytes = read_stored(vault, state.id, row);
}

// Whether it is worth while to read again. Others may have a good copy of what is far away.
bool PieceReader::suspects(const model::VaultId& vault, const model::PieceId& piece,
                           const model::PieceRow& row, const Status& read) {
  const bool damaged = read.code() == Code::corruption || read.code() == Code::unsupported;
  if (!damaged || !resources_.vaults.far()) return false;
  resources_.vaults.suspect(row, vault, piece);
  return true;
}

Status PieceReader::read_whole(const model::VaultId& vault, const model::PieceId& piece,
                               const model::PieceRow& row) {
  // The snapshot is the caller's, and outlives the source.
  const kv::SnapshotRef borrowed(std::shared_ptr<void>(), &snapshot_);
  PieceSource source(resources_, vault, {{piece, row.size_bytes}}, borrowed);
  buffer_.resize(kFrameBytesMax);
  Sha256Hasher hasher;
  for (std::uint64_t offset = 0; offset < row.size_bytes;) {
    SPIND_TRY_ASSIGN(const std::size_t got, source.read_at(offset, buffer_, nullptr));
    hasher.update(Bytes(buffer_).first(got));
    offset += got;
  }
  SPIND_TRY_ASSIGN(const bool fits, resources_.vaults.keys().fits(vault, piece, hasher.finish()));
  if (!fits) return Error{.code = Code::corruption, .text = "the piece is not what its name says"};
  return {};
}

Status PieceReader::read_stored(const model::VaultId& vault, const model::PieceId& piece,
                                const model::PieceRow& row) {
  const auto layout = FrameLayout::of(row);
  if (!layout.ok()) return damaged(layout.error().text, piece);
  buffer_.resize(kFrameHeaderBytes + kFrameBytesMax);
  for (std::uint32_t frame = 0; frame < layout->count(); ++frame) {
    const std::size_t header_bytes = layout->header_bytes();
    const std::span<std::uint8_t> place =
        std::span(buffer_).first(header_bytes + layout->stored_bytes(frame));
    SPIND_TRY_ASSIGN(const std::size_t got,
                     resources_.vaults.read(row, layout->begin(frame), Places(&place, 1)));
    if (got != place.size()) return damaged("the blob of a piece is cut short", piece);
    const auto header =
        layout->verify(vault, piece, frame, place.first(header_bytes), place.subspan(header_bytes));
    if (!header.ok()) return header.error();
  }
  return {};
}

Result<std::optional<Content::PieceState>> PieceReader::read_next(std::string& position) {
  const std::string vaults = model::ledger_prefix(model::LedgerRow::vault);
  // A piece's key names its vault behind the first byte.
  const std::string begin =
      position.empty() ? vaults : vaults + position.substr(1, sizeof(model::VaultId));
  const auto cursor = snapshot_.scan(Family::content, begin, model::end_of(vaults));
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY_ASSIGN(auto state, read_in(model::vault_in_key(cursor->key()), position));
    if (state) return std::optional(std::move(*state));
  }
  SPIND_TRY(cursor->status());
  return std::optional<Content::PieceState>();
}

Result<std::optional<Content::PieceState>> PieceReader::read_in(const model::VaultId& vault,
                                                                std::string& position) {
  for (unsigned bucket = 0; bucket < 256; ++bucket) {
    const std::string prefix =
        model::bucket_prefix(vault, static_cast<std::uint8_t>(bucket), VaultRow::piece);
    const std::string end = model::end_of(prefix);
    if (position >= end) continue;
    const std::string begin = std::max(prefix, position + '\0');
    const auto cursor = snapshot_.scan(Family::content, begin, end);
    SPIND_TRY(cursor->status());
    if (!cursor->valid()) continue;
    position = cursor->key();
    Content::PieceState state = state_of(vault, model::piece_in_key(position));
    const auto row = model::decode_piece(cursor->value());
    state.size_bytes = row.ok() ? row->size_bytes : 0;
    if (row.ok())
      verify(vault, *row, state);
    else
      state.bytes = row.error();
    return std::optional(std::move(state));
  }
  return std::optional<Content::PieceState>();
}

}  // namespace spind::content
