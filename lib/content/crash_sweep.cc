// The part of the collector that looks at what earlier runs had open when they ended.
#include <algorithm>
#include <array>
#include <iterator>

#include "base/try.h"
#include "content/collector.h"
#include "content/content_rows.h"
#include "content/pack_walk.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::BlobPlace;
using model::LedgerRow;
using model::VaultRow;

Status find_left_open(kv::Store& kv, CollectorMemory& memory) {
  const kv::SnapshotRef snapshot = kv.durable();
  const auto find = [&](LedgerRow row, std::set<std::uint64_t>& numbers) -> Status {
    const auto cursor = scan_content(*snapshot, model::ledger_prefix(row));
    for (; cursor->valid(); cursor->next()) numbers.insert(model::last_u64_in(cursor->key()));
    return cursor->status();
  };
  SPIND_TRY(find(LedgerRow::range, memory.left_ranges));
  SPIND_TRY(find(LedgerRow::pack_range, memory.left_pack_ranges));
  return find(LedgerRow::pack_open, memory.left_packs);
}

Status Collector::catch_up() {
  const std::int64_t grace_ns =
      std::min<std::int64_t>(options_.grace.count(), kRequestNsMax / 1'000'000'000) * 1'000'000'000;
  SPIND_TRY(vaults_.catch_up(grace_ns));
  SPIND_TRY(sweep_ranges(LedgerRow::range, memory_.left_ranges, &Collector::sweep_object));
  if (vaults_.packs() == nullptr) return {};
  return sweep_ranges(LedgerRow::pack_range, memory_.left_pack_ranges,
                      &Collector::sweep_pack_object);
}

Status Collector::sweep_ranges(LedgerRow tag, std::set<std::uint64_t>& ranges, SweepNumber sweep) {
  const kv::SnapshotRef snapshot = kv_.durable();
  for (auto first = ranges.begin(); first != ranges.end();) {
    const Result<bool> decided =
        sweep_range(*snapshot, model::ledger_key(tag, *first), *first, sweep);
    if (!decided.ok()) SPIND_TRY(past_damage(decided.error()));
    first = decided.ok() && *decided ? ranges.erase(first) : std::next(first);
  }
  return {};
}

// Whether all blobs of the range were decided on; then it is closed. What a process that died was
// putting far away may arrive later.
Result<bool> Collector::sweep_range(const kv::View& view, const std::string& key,
                                    std::uint64_t first, SweepNumber sweep) {
  SPIND_TRY_ASSIGN(const auto row, view.get(Family::content, key));
  if (!row) return true;
  SPIND_TRY_ASSIGN(const std::uint64_t count, model::decode_number(*row));
  const std::int64_t open_ns = clock_.monotonic_ns() - memory_.opened_ns;
  bool all_decided = !vaults_.far() || open_ns / 1'000'000'000 >= options_.grace.count() ||
                     open_ns >= kRequestNsMax;
  for (std::uint64_t number = first; number < first + count; ++number) {
    SPIND_TRY(count_step());
    SPIND_TRY_ASSIGN(const bool decided, (this->*sweep)(view, number));
    all_decided = all_decided && decided;
  }
  if (!all_decided) return false;
  SPIND_TRY(commit({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
    transaction.erase(Family::content, key);
    return kv::Commit{};
  }));
  return true;
}

// Whether it is known what to do with it; a blob that does not tell its piece is kept.
Result<bool> Collector::sweep_object(const kv::View& view, std::uint64_t number) {
  const std::string name = object_name(number);
  std::array<std::uint8_t, kFrameHeaderBytes> bytes{};
  const auto got = vaults_.blobs().range(name, 0, bytes);
  if (got.code() == Code::not_found) return true;
  if (!got.ok()) return got.error();
  const auto header = decode_frame_header(Bytes(bytes).first(*got));
  if (!header.ok()) {
    ++done_.kept;
    return false;
  }
  const BlobPlace place{BlobPlace::Kind::object, number, 0};
  SPIND_TRY_ASSIGN(const bool used, in_use(view, *header, place));
  if (used) return true;
  SPIND_TRY(may_remove());
  SPIND_TRY(vaults_.blobs().remove(name));
  ++done_.removed;
  done_.bytes += header->piece_stored_bytes;
  return true;
}

// Of a pack from `begin` on, as the rows of all pieces say: for the rare case that the pack itself
// does not.
Result<std::uint64_t> Collector::bytes_in_use(const kv::View& view, std::uint64_t number,
                                              std::uint64_t begin) {
  std::uint64_t bytes = 0;
  const auto vaults = scan_content(view, model::ledger_prefix(LedgerRow::vault));
  for (; vaults->valid(); vaults->next()) {
    const model::VaultId vault = model::vault_in_key(vaults->key());
    for (unsigned bucket = 0; bucket < 256; ++bucket)
      for (const VaultRow tag : {VaultRow::piece, VaultRow::doomed}) {
        SPIND_TRY(count_step());
        const auto pieces =
            scan_content(view, model::bucket_prefix(vault, static_cast<std::uint8_t>(bucket), tag));
        for (; pieces->valid(); pieces->next()) {
          SPIND_TRY_ASSIGN(const model::PieceRow row, model::decode_piece(pieces->value()));
          const BlobPlace& place = row.place;
          if (place.kind == BlobPlace::Kind::pack && place.number == number &&
              place.offset >= begin)
            bytes += row.stored_bytes;
        }
        SPIND_TRY(pieces->status());
      }
  }
  SPIND_TRY(vaults->status());
  return bytes;
}

// What is not a frame that can be read may be the torn end of what was written last, or damage of
// what is in use.
Result<bool> Collector::knows_all_in_use(const kv::View& view, const PackWalk& walk) {
  if (!walk.has_gap && walk.size > 0) return true;
  SPIND_TRY_ASSIGN(const std::uint64_t in_use, bytes_in_use(view, walk.number, walk.begin));
  return in_use == walk.used_bytes;
}

// A pack whose row was not written: it gets one, or goes if nothing in it is in use. One that has a
// row, or was removed, is accounted for.
Result<bool> Collector::sweep_pack_object(const kv::View& view, std::uint64_t number) {
  auto pack = vaults_.packs()->open_pack(number);
  if (pack.code() == Code::not_found) return true;
  if (!pack.ok()) return std::move(pack).error();
  SPIND_TRY_ASSIGN(const std::uint64_t size, (*pack)->size());
  PackWalk walk{.number = number, .file = **pack, .size = size};
  SPIND_TRY(walk_pack(view, walk));
  SPIND_TRY_ASSIGN(const bool all_known, knows_all_in_use(view, walk));
  if (!all_known) {
    ++done_.kept;
    return false;
  }
  const model::PackRow row{size, size - walk.used_bytes};
  bool known = false;
  SPIND_TRY(commit({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
    Status there =
        change_pack(transaction, number, [](LedgerRow tag, model::PackRow&) { return tag; });
    known = there.ok();
    if (!known && there.code() != Code::not_found) return std::move(there).error();
    if (!known)
      transaction.put(Family::content, model::ledger_key(resting_tag(row), number),
                      model::encode(row));
    return kv::Commit{};
  }));
  if (known) return true;
  done_.removed += walk.dead.size();
  done_.bytes += row.dead_bytes;
  return true;
}

// Whether it is known what is in use of a pack that had not been accounted for; else it stays as it
// is.
Result<bool> Collector::sweep_pack(const kv::View& view, std::uint64_t number) {
  Packs& packs = *vaults_.packs();
  SPIND_TRY_ASSIGN(const auto bytes,
                   view.get(Family::content, model::ledger_key(LedgerRow::pack_open, number)));
  if (!bytes) return true;
  SPIND_TRY_ASSIGN(const model::PackRow row, model::decode_pack(*bytes));
  std::uint64_t end = row.end_bytes, dead_bytes = 0;
  auto file = packs.open_pack(number);
  if (!file.ok() && file.code() != Code::not_found) return std::move(file).error();
  if (file.ok()) {
    SPIND_TRY_ASSIGN(const std::uint64_t size, (*file)->size());
    // A file that damage made shorter keeps its end, so that the dead never outweigh what is left.
    PackWalk walk{.number = number,
                  .file = **file,
                  .begin = row.end_bytes,
                  .size = size,
                  .used_end = row.end_bytes};
    SPIND_TRY(walk_pack(view, walk));
    SPIND_TRY_ASSIGN(const bool all_known, knows_all_in_use(view, walk));
    if (!all_known) {
      ++done_.kept;
      return false;
    }
    end = walk.used_end;
    if (end < size) {
      SPIND_TRY((*file)->truncate(end));
      SPIND_TRY((*file)->sync());
    }
    dead_bytes = end - row.end_bytes - walk.used_bytes;
    SPIND_TRY(bury(walk.dead, end));
  }
  SPIND_TRY(commit({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
    SPIND_TRY(change_pack(transaction, number, [&](LedgerRow, model::PackRow& pack) {
      pack = {end, pack.dead_bytes + dead_bytes};
      return resting_tag(pack);
    }));
    return kv::Commit{};
  }));
  return true;
}

// Counts dead pieces as removed and gives back their bytes, unless they were cut off with the end.
Status Collector::bury(const std::vector<model::PieceRow>& dead, std::uint64_t end) {
  for (const model::PieceRow& row : dead) {
    SPIND_TRY(count_step());
    ++done_.removed;
    done_.bytes += row.stored_bytes;
    if (row.place.offset >= end) continue;
    SPIND_TRY_ASSIGN(const bool given_back, vaults_.packs()->punch(row.place, row.stored_bytes));
    if (!given_back) ++done_.kept;
  }
  return {};
}

Status Collector::sweep_packs() {
  if (vaults_.packs() == nullptr) return {};
  const kv::SnapshotRef snapshot = kv_.durable();
  for (auto number = memory_.left_packs.begin(); number != memory_.left_packs.end();) {
    const Result<bool> decided = sweep_pack(*snapshot, *number);
    if (!decided.ok()) SPIND_TRY(past_damage(decided.error()));
    number = decided.ok() && *decided ? memory_.left_packs.erase(number) : std::next(number);
  }
  return {};
}

}  // namespace spind::content
