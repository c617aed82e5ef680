#include "content/stored_blobs.h"

#include "base/try.h"
#include "content/content_rows.h"
#include "content/vaults.h"
#include "model/keys.h"
#include "model/vault_rows.h"

namespace spind::content {
namespace {

using model::LedgerRow;

// A row that cannot be read names nothing: the copy is as damaged as what it is a copy of.
Status visit_objects(const kv::View& rows, const model::VaultId& vault,
                     const BlobVisitor& visitor) {
  for (unsigned bucket = 0; bucket < 256; ++bucket) {
    const auto pieces = scan_content(
        rows,
        model::bucket_prefix(vault, static_cast<std::uint8_t>(bucket), model::VaultRow::piece));
    for (; pieces->valid(); pieces->next()) {
      const auto row = model::decode_piece(pieces->value());
      if (row.ok() && row->place.kind == model::BlobPlace::Kind::object)
        SPIND_TRY(visitor.object(object_name(row->place.number)));
    }
    SPIND_TRY(pieces->status());
  }
  return {};
}

}  // namespace

Status visit_blobs(const kv::View& rows, const BlobVisitor& visitor) {
  const auto vaults = scan_content(rows, model::ledger_prefix(LedgerRow::vault));
  for (; vaults->valid(); vaults->next())
    SPIND_TRY(visit_objects(rows, model::vault_in_key(vaults->key()), visitor));
  SPIND_TRY(vaults->status());
  for (const LedgerRow state :
       {LedgerRow::pack_open, LedgerRow::pack_idle, LedgerRow::pack_full, LedgerRow::pack_sparse}) {
    const auto packs = scan_content(rows, model::ledger_prefix(state));
    for (; packs->valid(); packs->next()) SPIND_TRY(visitor.pack(model::last_u64_in(packs->key())));
    SPIND_TRY(packs->status());
  }
  return {};
}

}  // namespace spind::content
