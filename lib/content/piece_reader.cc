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

Status PieceReader::verify(const model::VaultId& vault, const model::PieceId& piece,
                           const model::PieceRow& row) {
  SPIND_TRY(resources_.vaults.look(row, vault, piece));
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
  if (hasher.finish() != piece)
    return Error{.code = Code::corruption, .text = "the piece is not what its name says"};
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
    state.bytes = row.ok() ? verify(vault, state.id, *row) : Status(row.error());
    return std::optional(std::move(state));
  }
  return std::optional<Content::PieceState>();
}

}  // namespace spind::content
