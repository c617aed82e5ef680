#include "content/needs.h"

#include "base/try.h"
#include "model/keys.h"
#include "model/records.h"

namespace spind::content {

using kv::Family;

Result<bool> needs(const kv::View& view, const SpaceId& space, const model::PieceId& piece) {
  SPIND_TRY_ASSIGN(const auto row, view.get(Family::state, model::reference_key(space, piece)));
  if (row) {
    SPIND_TRY_ASSIGN(const std::uint64_t count, model::decode_count(*row));
    if (count > 0) return true;
  }
  const std::string kept = model::kept_prefix(space, piece);
  const auto cursor = view.scan(Family::state, kept, model::end_of(kept));
  SPIND_TRY(cursor->status());
  return cursor->valid();
}

void reconsider(kv::Transaction& rows, const model::VaultId& vault, const SpaceId& space,
                const model::PieceId& piece) {
  rows.put(Family::content, model::unchecked_key(vault, piece, space), "");
}

}  // namespace spind::content
