#include "content/content_check.h"

#include "base/try.h"
#include "content/content_rows.h"
#include "content/needs.h"
#include "content/piece_reader.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::VaultRow;

Status ContentCheck::run() {
  const auto cursor = scan_content(snapshot_, model::ledger_prefix(model::LedgerRow::vault));
  for (; cursor->valid(); cursor->next()) {
    const model::VaultId vault = model::vault_in_key(cursor->key());
    for (unsigned bucket = 0; bucket < 256; ++bucket) {
      SPIND_TRY(visit_pieces(vault, static_cast<std::uint8_t>(bucket)));
      SPIND_TRY(visit_stray_holders(vault, static_cast<std::uint8_t>(bucket)));
    }
  }
  return cursor->status();
}

Status ContentCheck::visit_pieces(const model::VaultId& vault, std::uint8_t bucket) {
  PieceReader reader(resources_, snapshot_);
  const auto cursor = scan_content(snapshot_, model::bucket_prefix(vault, bucket, VaultRow::piece));
  for (; cursor->valid(); cursor->next()) {
    const model::PieceId piece = model::piece_in_key(cursor->key());
    Content::PieceState state = state_of(vault, piece);
    SPIND_TRY(count_holders(vault, state));
    SPIND_TRY_ASSIGN(const auto condemned,
                     snapshot_.get(Family::content, model::condemned_key(vault, piece)));
    state.live = !condemned.has_value();
    const auto row = model::decode_piece(cursor->value());
    if (!row.ok()) {
      state.bytes = row.error();
    } else {
      state.size_bytes = row->size_bytes;
      if (read_bytes_)
        reader.verify(vault, *row, state);
      else
        state.bytes = resources_.vaults.look(*row, vault, piece);
      // It is there, and plain, in a vault that is being encrypted: whether that may be its keys
      // tell.
      if (state.bytes.code() == Code::key_unavailable) {
        state.bytes = {};
        state.opened = false;
      }
    }
    SPIND_TRY(visit_(state));
  }
  return cursor->status();
}

Status ContentCheck::count_holders(const model::VaultId& vault, Content::PieceState& state) {
  const auto cursor = scan_content(snapshot_, model::holders_prefix(vault, state.id));
  for (; cursor->valid(); cursor->next()) {
    ++state.holders;
    SPIND_TRY_ASSIGN(const bool stray,
                     is_stray(vault, state.id, model::space_in_key(cursor->key())));
    if (stray) ++state.stray_holders;
  }
  return cursor->status();
}

// An upload in flight, or one that a crash ended, has its holder in the queue; a piece that fell
// away is kept until the space's floor has passed.
Result<bool> ContentCheck::is_stray(const model::VaultId& vault, const model::PieceId& piece,
                                    const SpaceId& space) {
  SPIND_TRY_ASSIGN(const bool needed, needs(snapshot_, space, piece));
  if (needed) return false;
  SPIND_TRY_ASSIGN(const auto unchecked,
                   snapshot_.get(Family::content, model::unchecked_key(vault, piece, space)));
  return !unchecked.has_value();
}

// Holders of pieces that are not there.
Status ContentCheck::visit_stray_holders(const model::VaultId& vault, std::uint8_t bucket) {
  const auto cursor =
      scan_content(snapshot_, model::bucket_prefix(vault, bucket, VaultRow::holder));
  std::optional<model::PieceId> last;
  for (; cursor->valid(); cursor->next()) {
    const model::PieceId piece = model::piece_in_key(cursor->key());
    if (last == piece) continue;
    last = piece;
    SPIND_TRY_ASSIGN(const auto row,
                     snapshot_.get(Family::content, model::piece_key(vault, piece)));
    if (row) continue;
    Content::PieceState state = state_of(vault, piece);
    SPIND_TRY(count_holders(vault, state));
    state.bytes = Error{.code = Code::not_found, .text = "a piece that a space holds is missing"};
    SPIND_TRY(visit_(state));
  }
  return cursor->status();
}

}  // namespace spind::content
