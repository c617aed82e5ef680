#include "content/packs.h"

#include "base/try.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::LedgerRow;

Result<std::optional<FoundPack>> find_pack(const kv::View& view, std::uint64_t number) {
  for (const LedgerRow tag : kPackTags) {
    SPIND_TRY_ASSIGN(const auto bytes, view.get(Family::content, model::ledger_key(tag, number)));
    if (!bytes) continue;
    SPIND_TRY_ASSIGN(const model::PackRow row, model::decode_pack(*bytes));
    return std::optional(FoundPack{tag, row});
  }
  return std::optional<FoundPack>();
}

Status change_pack(kv::Transaction& transaction, std::uint64_t number, const PackChange& change) {
  SPIND_TRY_ASSIGN(auto found, find_pack(transaction, number));
  if (!found) return Error{Code::not_found, "no such pack", std::to_string(number)};
  const LedgerRow to = change(found->tag, found->row);
  if (to != found->tag) transaction.erase(Family::content, model::ledger_key(found->tag, number));
  transaction.put(Family::content, model::ledger_key(to, number), model::encode(found->row));
  return {};
}

LedgerRow resting_tag(const model::PackRow& row) {
  if (row.dead_bytes >= row.end_bytes) return LedgerRow::pack_removed;
  const bool full = row.end_bytes + kPackRoomMin > kPackBytesMax;
  return full ? LedgerRow::pack_full : LedgerRow::pack_idle;
}

}  // namespace spind::content
