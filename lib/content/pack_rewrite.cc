// The part of the collector that moves what is left of packs that are mostly dead to other packs.
//
// A pack that is to be emptied becomes *sparse* first, so nobody appends to it any more. Its live
// pieces are read, verified, and appended together; once they are durable, one commit makes their
// rows point at the new place and leaves a doomed row for the old one. From there on the old place
// goes as that of any piece does: when no reader's snapshot is older. So the pack dies piece by
// piece, and its file goes with the last of them.
//
// After a crash the new place belongs to a pack that was open, and what no row points at is cut or
// counted as dead there; the old pack is still sparse, and the next collection goes on.
#include <algorithm>
#include <chrono>
#include <thread>

#include "base/limits.h"
#include "base/try.h"
#include "content/collector.h"
#include "content/content_rows.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::LedgerRow;

namespace {

// What is moved by one append and one commit. A pack that is not full has room for it.
constexpr std::uint64_t kMovedBytes = kPackRoomMin;

bool is_sparse(const model::PackRow& row, std::uint64_t dead_bytes_min,
               std::uint64_t live_percent_min) {
  const std::uint64_t live = row.end_bytes - std::min(row.dead_bytes, row.end_bytes);
  return row.dead_bytes >= dead_bytes_min && live * 100 < row.end_bytes * live_percent_min;
}

}  // namespace

Status Collector::rewrite_packs() {
  if (vaults_.packs() == nullptr || options_.rewrite_below_percent == 0) return {};
  SPIND_TRY(kv_.wait(ticket_));
  const std::uint64_t worth_moving = vaults_.packs()->worth_moving_bytes();
  std::vector<std::uint64_t> sparse;
  {
    const kv::SnapshotRef snapshot = kv_.durable();
    for (const LedgerRow tag :
         {LedgerRow::pack_sparse, LedgerRow::pack_full, LedgerRow::pack_idle}) {
      const auto cursor = scan_content(*snapshot, model::ledger_prefix(tag));
      for (; cursor->valid(); cursor->next()) {
        const auto row = model::decode_pack(cursor->value());
        if (!row.ok()) continue;
        const std::uint64_t number = model::last_u64_in(cursor->key());
        if (vaults_.packs()->passes_through(number)) continue;
        if (tag == LedgerRow::pack_sparse ||
            is_sparse(*row, worth_moving, options_.rewrite_below_percent))
          sparse.push_back(number);
      }
      SPIND_TRY(cursor->status());
    }
  }
  for (const std::uint64_t number : sparse) SPIND_TRY(past_damage(rewrite_pack(number)));
  return {};
}

// Makes it sparse, unless somebody began to append to it. Then what it holds is final.
Result<std::optional<model::PackRow>> Collector::take_sparse(std::uint64_t number) {
  std::optional<model::PackRow> taken;
  Status changed =
      commit({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        taken.reset();
        SPIND_TRY(change_pack(transaction, number, [&](LedgerRow tag, model::PackRow& row) {
          if (tag == LedgerRow::pack_open || tag == LedgerRow::pack_removed) return tag;
          taken = row;
          return LedgerRow::pack_sparse;
        }));
        return kv::Commit{};
      });
  if (changed.code() == Code::not_found) return std::optional<model::PackRow>();
  SPIND_TRY(std::move(changed));
  return taken;
}

Status Collector::rewrite_pack(std::uint64_t number) {
  SPIND_TRY_ASSIGN(const auto row, take_sparse(number));
  if (!row) return {};
  auto file = vaults_.packs()->open_pack(number);
  if (file.code() == Code::not_found) return {};  // the check tells of it
  if (!file.ok()) return std::move(file).error();
  SPIND_TRY_ASSIGN(const std::uint64_t size, (*file)->size());
  std::vector<PackedPiece> live;
  std::uint64_t begin = 0;
  while (true) {
    live.clear();
    SPIND_TRY(kv_.wait(ticket_));
    PackWalk walk{.number = number,
                  .file = **file,
                  .begin = begin,
                  .size = std::min(size, row->end_bytes),
                  .used_end = begin,
                  .live = &live};
    SPIND_TRY(walk_pack(*kv_.durable(), walk));
    if (live.empty()) break;
    SPIND_TRY_ASSIGN(const bool moved, move_all(**file, live));
    if (!moved) return {};
    begin = walk.used_end;
  }
  if (begin == 0) return {};
  ++done_.packs_rewritten;
  ++vaults_.counts().packs_rewritten;
  return {};
}

// False: the device has no room for them. They stay, and another collection goes on.
Result<bool> Collector::move_all(const File& file, const std::vector<PackedPiece>& live) {
  for (auto first = live.begin(); first != live.end();) {
    std::uint64_t bytes = 0;
    auto last = first;
    for (; last != live.end() && (last == first || bytes + last->row.stored_bytes <= kMovedBytes);
         ++last)
      bytes += last->row.stored_bytes;
    SPIND_TRY(await_pace());
    SPIND_TRY_ASSIGN(const bool moved, move_pieces(file, {first, last}));
    if (!moved) return false;
    first = last;
  }
  return true;
}

// What is damaged stays. Where a copy of the pack is good, another collection finds it mended.
void Collector::suspect_damaged(std::span<const PackedPiece> pieces,
                                std::span<const PackedPiece> whole) {
  if (whole.size() == pieces.size() || !vaults_.far()) return;
  std::size_t i = 0;
  while (i < whole.size() && whole[i].row.place == pieces[i].row.place) ++i;
  vaults_.suspect(pieces[i].row, pieces[i].header.vault, pieces[i].header.piece);
}

Result<bool> Collector::move_pieces(const File& file, std::span<const PackedPiece> pieces) {
  std::vector<std::uint8_t> frames;
  SPIND_TRY_ASSIGN(const std::vector<PackedPiece> whole, read_whole(file, pieces, frames));
  suspect_damaged(pieces, whole);
  if (whole.empty()) return true;
  if (const Status room = vaults_.room(frames.size()); !room.ok())
    return room.code() == Code::no_space ? Result<bool>(false) : room.error();
  auto to = vaults_.packs()->append_for_good(frames);
  if (to.code() == Code::no_space) return false;
  if (!to.ok()) return std::move(to).error();
  std::vector<bool> moved;
  Status switched = switch_places(whole, *to, moved);
  if (!switched.ok()) {
    if (switched.code() == Code::no_space)
      vaults_.packs()->settle_dead(*to, frames.size());
    else
      vaults_.packs()->settle_unknown(*to);
    return switched.code() == Code::no_space ? Result<bool>(false) : switched.error();
  }
  settle_moved(whole, *to, moved);
  moving_.spend(frames.size(), clock_.monotonic_ns());
  return true;
}

// Those whose row still says where they were. `moved` tells which.
Status Collector::switch_places(std::span<const PackedPiece> pieces, const model::BlobPlace& to,
                                std::vector<bool>& moved) {
  SPIND_TRY(commit(buckets_of(pieces), [&](kv::Transaction& transaction) -> kv::Outcome {
    SPIND_TRY_ASSIGN(moved, content::switch_places(transaction, pieces, to, true));
    return kv::Commit{};
  }));
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (moved[i])
      vaults_.doomed().note(
          model::doomed_key(pieces[i].header.vault, pieces[i].header.piece[0], pieces[i].row.place),
          ticket_);
  return {};
}

void Collector::settle_moved(std::span<const PackedPiece> pieces, const model::BlobPlace& to,
                             const std::vector<bool>& moved) {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (moved[i]) {
      ++done_.pieces_moved;
      done_.moved_bytes += pieces[i].row.stored_bytes;
      vaults_.counts().moved_bytes += pieces[i].row.stored_bytes;
    } else {
      vaults_.packs()->count_dead({to, pieces[i].row.size_bytes, pieces[i].row.stored_bytes},
                                  ticket_);
    }
  }
  vaults_.packs()->settle_used(to, ticket_);
}

// Waits until the rate allows more.
Status Collector::await_pace() {
  for (;;) {
    SPIND_TRY(count_step());
    const std::int64_t left_ns = moving_.wait_ns(clock_.monotonic_ns());
    if (left_ns <= 0) return {};
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left_ns, kWaitPollNs)));
  }
}

}  // namespace spind::content
