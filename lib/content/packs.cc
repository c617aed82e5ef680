#include "content/packs.h"

#include "base/try.h"
#include "content/content_rows.h"
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

Result<std::vector<std::uint64_t>> brought_packs(const kv::View& view) {
  std::vector<std::uint64_t> numbers;
  const auto cursor = scan_content(view, model::ledger_prefix(LedgerRow::pack_brought));
  for (; cursor->valid(); cursor->next()) numbers.push_back(model::last_u64_in(cursor->key()));
  SPIND_TRY(cursor->status());
  return numbers;
}

Status erase_brought(kv::Store& kv, std::span<const std::uint64_t> numbers) {
  const kv::Answer answer =
      kv.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        transaction.use_reserve();
        for (const std::uint64_t number : numbers)
          transaction.erase(Family::content, model::ledger_key(LedgerRow::pack_brought, number));
        return kv::Commit{};
      });
  return answer.status.ok() ? Status() : answer.status.error();
}

LedgerRow resting_tag(const model::PackRow& row) {
  if (row.dead_bytes >= row.end_bytes) return LedgerRow::pack_removed;
  const bool full = row.end_bytes + kPackRoomMin > kPackBytesMax;
  return full ? LedgerRow::pack_full : LedgerRow::pack_idle;
}

}  // namespace spind::content
