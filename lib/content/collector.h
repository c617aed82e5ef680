// Removes the bytes that nothing refers to, and no others, without listing the store.
//
//   What a crash left      ranges of blob numbers and packs that an earlier run had open: each blob
//                          in them names its piece, and a blob that the piece's row does not point
//                          at goes
//   Claims that came to    a piece's `unchecked` row says that an upload for a space claimed it.
//   nothing                Once the space counts a reference, the row is dropped; where it does
//                          not, and no upload of this process claims it, the holder goes
//   Pieces without holder  are condemned; after the grace doomed; and when no reader's snapshot is
//                          older than that, removed
//   Packs that are         what is left in them moves to others, and its old place is doomed
//   mostly dead
//
// Every step is one commit and may be repeated: a collector that is interrupted goes on next time.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/clock_drift.h"
#include "base/pace.h"
#include "content/claims.h"
#include "content/pack_walk.h"
#include "content/vaults.h"
#include "spind/upkeep.h"

namespace spind::content {

// What outlives one collection.
struct CollectorMemory {
  explicit CollectorMemory(Clock& clock) : clocks(clock), opened_ns(clock.monotonic_ns()) {}

  std::mutex running;  // one collection at a time
  // What earlier runs left open: first numbers of ranges, numbers of packs. Found at open, so that
  // nothing of this run is ever taken for it.
  std::set<std::uint64_t> left_ranges, left_pack_ranges, left_packs;
  const ClockDrift clocks;  // since the store was opened
  const std::int64_t opened_ns;
  // Of the last collection, for metrics.
  std::atomic<std::uint64_t> pieces_waiting{0}, waiting_seconds{0};
};

// Fills what was left open; before anything is stored.
Status find_left_open(kv::Store& kv, CollectorMemory& memory);

// One thread at a time.
class Collector {
 public:
  Collector(Vaults& vaults, Claims& claims, Clock& clock, CollectorMemory& memory,
            const CollectOptions& options)
      : vaults_(vaults),
        kv_(vaults.kv()),
        claims_(claims),
        clock_(clock),
        memory_(memory),
        options_(options),
        moving_(options.rewrite_rate_bytes, clock.monotonic_ns()) {}

  Result<CollectReport> run();
  // Only what an earlier run left of packs that it appended to.
  Status sweep_left_packs();

 private:
  struct Unchecked {
    model::PieceId piece;
    SpaceId space;
  };

  struct Doomed {
    model::VaultId vault;
    std::uint8_t bucket = 0;
    std::string key;
    model::PieceRow row;
  };

  // What a crash left (crash_sweep.cc).
  using SweepNumber = Result<bool> (Collector::*)(const kv::View& view, std::uint64_t number);
  Status catch_up();
  Status sweep_ranges(model::LedgerRow tag, std::set<std::uint64_t>& ranges, SweepNumber sweep);
  Result<bool> sweep_range(const kv::View& view, const std::string& key, std::uint64_t first,
                           SweepNumber sweep);
  Result<bool> sweep_object(const kv::View& view, std::uint64_t number);
  Result<std::uint64_t> bytes_in_use(const kv::View& view, std::uint64_t number,
                                     std::uint64_t begin);
  Result<bool> knows_all_in_use(const kv::View& view, const PackWalk& walk);
  Result<bool> sweep_pack_object(const kv::View& view, std::uint64_t number);
  Status sweep_packs();
  Result<bool> sweep_pack(const kv::View& view, std::uint64_t number);
  Status bury(const std::vector<model::PieceRow>& dead, std::uint64_t end);

  // What is left of packs that are mostly dead (pack_rewrite.cc).
  Status rewrite_packs();
  Result<std::optional<model::PackRow>> take_sparse(std::uint64_t number);
  Status rewrite_pack(std::uint64_t number);
  Result<bool> move_all(const File& file, const std::vector<PackedPiece>& live);
  void suspect_damaged(std::span<const PackedPiece> pieces, std::span<const PackedPiece> whole);
  Result<bool> move_pieces(const File& file, std::span<const PackedPiece> pieces);
  Status switch_places(std::span<const PackedPiece> pieces, const model::BlobPlace& to,
                       std::vector<bool>& moved);
  void settle_moved(std::span<const PackedPiece> pieces, const model::BlobPlace& to,
                    const std::vector<bool>& moved);
  Status await_pace();

  // Claims and pieces (collector.cc).
  Status collect_bucket(const model::VaultId& vault, std::uint8_t bucket);
  Status check_claims(const model::VaultId& vault, std::uint8_t bucket);
  Status drop_checked(const model::VaultId& vault, std::uint8_t bucket,
                      const std::vector<Unchecked>& checked);
  Status decide(const model::VaultId& vault, const Unchecked& item);
  Status doom_condemned(const model::VaultId& vault, std::uint8_t bucket);
  Status doom(const model::VaultId& vault, const model::PieceId& piece);
  Status remove_doomed(const model::VaultId& vault, std::uint8_t bucket);
  Status may_remove();
  Status remove_gathered();
  Status remove(const Doomed& doomed);
  Status remove_packs();

  Status commit(std::vector<std::string> partitions, const kv::Body& body);
  Status count_step();
  Status past_damage(Status done);

  Vaults& vaults_;
  kv::Store& kv_;
  Claims& claims_;
  Clock& clock_;
  CollectorMemory& memory_;
  const CollectOptions& options_;
  kv::Ticket ticket_ = 0;  // of the last commit
  std::uint64_t steps_ = 0;
  Pace moving_;
  std::vector<Doomed> removable_;  // their blobs are removed together
  CollectReport done_;
  Status damage_;                    // the first that was met
  std::int64_t oldest_kept_ms_ = 0;  // how long the oldest condemned piece that stays has been so
};

}  // namespace spind::content
