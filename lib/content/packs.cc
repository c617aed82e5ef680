#include "content/packs.h"

#include "base/try.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::LedgerRow;

Status change_pack(kv::Transaction& transaction, std::uint64_t number, const PackChange& change) {
  for (const LedgerRow tag : kPackTags) {
    const std::string key = model::ledger_key(tag, number);
    SPIND_TRY_ASSIGN(const auto bytes, transaction.get(Family::content, key));
    if (!bytes) continue;
    SPIND_TRY_ASSIGN(model::PackRow row, model::decode_pack(*bytes));
    const LedgerRow to = change(tag, row);
    if (to != tag) transaction.erase(Family::content, key);
    transaction.put(Family::content, model::ledger_key(to, number), model::encode(row));
    return {};
  }
  return Error{Code::not_found, "no such pack", std::to_string(number)};
}

LedgerRow resting_tag(const model::PackRow& row) {
  if (row.dead_bytes >= row.end_bytes) return LedgerRow::pack_removed;
  const bool full = row.end_bytes + kPackRoomMin > kPackBytesMax;
  return full ? LedgerRow::pack_full : LedgerRow::pack_idle;
}

}  // namespace spind::content
