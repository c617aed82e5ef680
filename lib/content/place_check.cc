#include "content/place_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/try.h"
#include "content/content_rows.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::BlobPlace;
using model::LedgerRow;
using model::VaultRow;

namespace {

// So many are compared in one pass over the rows of all pieces.
constexpr std::size_t kPacksAPass = 50'000;
constexpr std::size_t kStoredAPass = 500'000;

}  // namespace

Status PlaceCheck::run() {
  SPIND_TRY(load_ranges(LedgerRow::range, ranges_));
  SPIND_TRY(load_ranges(LedgerRow::pack_range, pack_ranges_));
  SPIND_TRY_ASSIGN(const auto next, snapshot_.get(Family::content, model::next_number_key()));
  if (next) {
    const auto number = model::decode_number(*next);
    if (number.ok()) next_ = *number;
  }
  SPIND_TRY(check_packs());
  SPIND_TRY(check_next_number());
  return check_blobs();
}

// A range that cannot be read is as long as any.
Status PlaceCheck::load_ranges(LedgerRow tag, std::map<std::uint64_t, std::uint64_t>& ranges) {
  const auto cursor = scan_content(snapshot_, model::ledger_prefix(tag));
  for (; cursor->valid(); cursor->next()) {
    const std::uint64_t first = model::last_u64_in(cursor->key());
    const auto count = model::decode_number(cursor->value());
    ranges[first] = first + (count.ok() ? *count : kNumbersReserved);
  }
  return cursor->status();
}

bool PlaceCheck::lies_in(const std::map<std::uint64_t, std::uint64_t>& ranges,
                         std::uint64_t number) {
  const auto above = ranges.upper_bound(number);
  return above != ranges.begin() && number < std::prev(above)->second;
}

// All rows that say where a piece lies. Those that cannot be read are findings of their own.
template <class Visit>
Status PlaceCheck::visit_rows(const Visit& visit) {
  const auto vaults = scan_content(snapshot_, model::ledger_prefix(LedgerRow::vault));
  for (; vaults->valid(); vaults->next()) {
    const model::VaultId vault = model::vault_in_key(vaults->key());
    for (unsigned bucket = 0; bucket < 256; ++bucket)
      for (const VaultRow tag : {VaultRow::piece, VaultRow::doomed}) {
        const auto cursor = scan_content(
            snapshot_, model::bucket_prefix(vault, static_cast<std::uint8_t>(bucket), tag));
        for (; cursor->valid(); cursor->next()) {
          SPIND_TRY(visitor_.step());
          const auto row = model::decode_piece(cursor->value());
          if (row.ok()) visit(*row, tag);
        }
        SPIND_TRY(cursor->status());
      }
  }
  return vaults->status();
}

Status PlaceCheck::check_packs() {
  std::uint64_t begin = 0, end = 0;
  do {
    SPIND_TRY(load_packs(begin, end));
    SPIND_TRY(visit_rows([&](const model::PieceRow& row, VaultRow tag) {
      count_used(row, tag == VaultRow::doomed, begin, end);
    }));
    SPIND_TRY(tell_packs());
    begin = end;
  } while (end != UINT64_MAX);
  return {};
}

Status PlaceCheck::load_packs(std::uint64_t begin, std::uint64_t& end) {
  packs_.clear();
  without_row_.clear();
  end = UINT64_MAX;
  for (const LedgerRow tag : kPackTags) {
    const auto cursor = snapshot_.scan(Family::content, model::ledger_key(tag, begin),
                                       model::end_of(model::ledger_prefix(tag)));
    std::size_t count = 0;
    for (; cursor->valid(); cursor->next()) {
      SPIND_TRY(visitor_.step());
      const std::uint64_t number = model::last_u64_in(cursor->key());
      if (number >= end) break;
      if (++count > kPacksAPass) {
        end = number;
        break;
      }
      const auto row = model::decode_pack(cursor->value());
      packs_[number] = {tag, row.ok() ? *row : model::PackRow{}, !row.ok()};
      last_ = std::max(last_, number);
    }
    SPIND_TRY(cursor->status());
  }
  packs_.erase(packs_.lower_bound(end), packs_.end());
  return {};
}

// A piece that is to go may be told of longer than its pack, where all of that was brought
// elsewhere.
void PlaceCheck::count_used(const model::PieceRow& row, bool doomed, std::uint64_t begin,
                            std::uint64_t end) {
  const auto& [kind, number, offset] = row.place;
  last_ = std::max(last_, number);
  if (kind != BlobPlace::Kind::pack || number < begin || number >= end) return;
  const auto pack = packs_.find(number);
  if (pack == packs_.end()) {
    if (!doomed && without_row_.size() < kPacksAPass) without_row_.insert(number);
    return;
  }
  // Behind the end that its row tells, an open pack is not accounted for yet.
  const bool open = pack->second.tag == LedgerRow::pack_open;
  if (!open || offset < pack->second.row.end_bytes) pack->second.used_bytes += row.stored_bytes;
}

Status PlaceCheck::tell_packs() {
  for (const auto& [number, pack] : packs_) SPIND_TRY(tell_pack(number, pack));
  for (const std::uint64_t number : without_row_)
    if (!lies_in(pack_ranges_, number))
      SPIND_TRY(visitor_.pack({number, left_open_pack(number),
                               fmt::format("pack {}: pieces lie there, and the ledger does not "
                                           "know it",
                                           number)}));
  return {};
}

// More that counts as in use than pieces take is no fault: it only keeps the pack longer.
Status PlaceCheck::tell_pack(std::uint64_t number, const LedgerPack& pack) {
  const auto& [tag, row, broken, used_bytes] = pack;
  if (broken)
    return visitor_.pack(
        {number, left_open_pack(number), fmt::format("pack {}: its row cannot be read", number)});
  const std::uint64_t alive = row.end_bytes - std::min(row.end_bytes, row.dead_bytes);
  if (used_bytes <= alive) return {};
  return visitor_.pack({number, left_open_pack(number),
                        fmt::format("pack {}: {} bytes of it count as in use, and pieces take {}",
                                    number, alive, used_bytes)});
}

Status PlaceCheck::check_next_number() {
  for (const auto* ranges : {&ranges_, &pack_ranges_})
    if (!ranges->empty()) last_ = std::max(last_, std::prev(ranges->end())->second - 1);
  if (last_ == 0 || last_ < next_) return {};
  return visitor_.next_number(last_ + 1);
}

Status PlaceCheck::check_blobs() {
  const auto check = [this](BlobPlace::Kind kind, const auto& list) -> Status {
    Numbers stored;
    SPIND_TRY(list([&](std::uint64_t number) -> Status {
      SPIND_TRY(visitor_.step());
      const auto& open = kind == BlobPlace::Kind::object ? ranges_ : pack_ranges_;
      if (number >= next_ || lies_in(open, number)) return {};
      stored.push_back(number);
      return stored.size() < kStoredAPass ? Status() : check_stored(stored, kind);
    }));
    return check_stored(stored, kind);
  };
  SPIND_TRY(check(BlobPlace::Kind::object,
                  [this](const NumberVisit& visit) { return vaults_.list_objects(visit); }));
  if (vaults_.packs() == nullptr) return {};
  return check(BlobPlace::Kind::pack,
               [this](const NumberVisit& visit) { return vaults_.packs()->list(visit); });
}

Status PlaceCheck::check_stored(Numbers& stored, BlobPlace::Kind kind) {
  if (stored.empty()) return {};
  std::sort(stored.begin(), stored.end());
  std::vector<bool> known(stored.size());
  const auto note = [&](std::uint64_t number) {
    const auto found = std::lower_bound(stored.begin(), stored.end(), number);
    if (found != stored.end() && *found == number)
      known[static_cast<std::size_t>(found - stored.begin())] = true;
  };
  SPIND_TRY(visit_rows([&](const model::PieceRow& row, VaultRow) {
    if (row.place.kind == kind) note(row.place.number);
  }));
  if (kind == BlobPlace::Kind::pack)
    for (const LedgerRow tag : kPackTags) {
      const auto cursor = scan_content(snapshot_, model::ledger_prefix(tag));
      for (; cursor->valid(); cursor->next()) note(model::last_u64_in(cursor->key()));
      SPIND_TRY(cursor->status());
    }
  for (std::size_t i = 0; i < stored.size(); ++i)
    if (!known[i]) SPIND_TRY(tell_stray(stored[i], kind));
  stored.clear();
  return {};
}

Status PlaceCheck::tell_stray(std::uint64_t number, BlobPlace::Kind kind) {
  Content::StrayBlob stray;
  stray.number = number;
  if (kind == BlobPlace::Kind::pack) {
    stray.left_open = left_open_pack(number);
    stray.text = fmt::format("pack {}: it is stored, and no row knows it", number);
    return visitor_.stray(stray);
  }
  SPIND_TRY_ASSIGN(stray.lost, piece_lost_with(number));
  stray.left_open = LedgerRow::range;
  stray.text = fmt::format(
      "object {}: it is stored, and {}", number,
      stray.lost ? "the row of its piece, which spaces hold, is lost" : "no row refers to it");
  return visitor_.stray(stray);
}

// The piece of the object, if somebody holds it and it has no row.
Result<std::optional<Content::LostPiece>> PlaceCheck::piece_lost_with(std::uint64_t object) {
  using Lost = std::optional<Content::LostPiece>;
  std::array<std::uint8_t, kFrameHeaderBytes> bytes{};
  const auto got = vaults_.blobs().range(object_name(object), 0, bytes);
  if (got.code() == Code::not_found) return Lost();
  if (!got.ok()) return got.error();
  const auto header = decode_frame_header(Bytes(bytes).first(*got));
  if (!header.ok()) return Lost();
  SPIND_TRY_ASSIGN(const auto row,
                   snapshot_.get(Family::content, model::piece_key(header->vault, header->piece)));
  const auto holders = scan_content(snapshot_, model::holders_prefix(header->vault, header->piece));
  SPIND_TRY(holders->status());
  if (row || !holders->valid()) return Lost();
  return Lost({header->vault, header->piece});
}

LedgerRow PlaceCheck::left_open_pack(std::uint64_t number) const {
  Packs* const packs = vaults_.packs();
  return packs != nullptr ? packs->left_open_tag(number) : LedgerRow::pack_open;
}

}  // namespace spind::content
