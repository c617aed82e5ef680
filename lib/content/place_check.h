// Holds what is stored against the rows that refer to it: blobs and packs that no row knows, packs
// of which the ledger says that less is in use than is, and numbers that would be given out again.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "content/content.h"
#include "content/resources.h"

namespace spind::content {

// Of one snapshot. A number that was reserved by then and is of no open range belongs to what a row
// refers to, or to nothing that is stored: so whatever is stored later is no finding. One thread at
// a time. Borrows everything.
class PlaceCheck {
 public:
  PlaceCheck(Resources& resources, const kv::Snapshot& snapshot,
             const Content::PlaceVisitor& visitor)
      : vaults_(resources.vaults), snapshot_(snapshot), visitor_(visitor) {}

  Status run();

 private:
  using Numbers = std::vector<std::uint64_t>;
  struct LedgerPack {
    model::LedgerRow tag;
    model::PackRow row;
    bool broken = false;
    std::uint64_t used_bytes = 0;  // by pieces, before the end that the row tells
  };

  Status load_ranges(model::LedgerRow tag, std::map<std::uint64_t, std::uint64_t>& ranges);
  static bool lies_in(const std::map<std::uint64_t, std::uint64_t>& ranges, std::uint64_t number);
  template <class Visit>
  Status visit_rows(const Visit& visit);

  Status check_packs();
  // The next packs of the ledger into packs_; those before `end` are all there.
  Status load_packs(std::uint64_t begin, std::uint64_t& end);
  void count_used(const model::PieceRow& row, bool doomed, std::uint64_t begin, std::uint64_t end);
  Status tell_packs();
  Status tell_pack(std::uint64_t number, const LedgerPack& pack);
  Status check_next_number();

  Status check_blobs();
  Status check_stored(Numbers& stored, model::BlobPlace::Kind kind);
  Status tell_stray(std::uint64_t number, model::BlobPlace::Kind kind);
  model::LedgerRow left_open_pack(std::uint64_t number) const;
  Result<std::optional<Content::LostPiece>> piece_lost_with(std::uint64_t object);

  Vaults& vaults_;
  const kv::Snapshot& snapshot_;
  const Content::PlaceVisitor& visitor_;
  std::uint64_t next_ = 0;                                       // every number before was reserved
  std::uint64_t last_ = 0;                                       // of those that rows name
  std::map<std::uint64_t, std::uint64_t> ranges_, pack_ranges_;  // open: first number, behind last
  std::map<std::uint64_t, LedgerPack> packs_;
  std::set<std::uint64_t> without_row_;
};

}  // namespace spind::content
