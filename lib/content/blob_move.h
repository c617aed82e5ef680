// Moves the blobs of a store to another place. A blob keeps its name, its number and its bytes, so
// no row of a piece changes: there is one moment at which the store lives at the old place and the
// next at which it lives at the new one, and that is the commit of one row.
//
//   begin_move       notes the move, and puts a mark where it goes to
//   BlobMove         copies what the new place lacks while the store is in use, then what changed
//                    meanwhile, again and again, and the last of it when nobody writes: then both
//                    places hold the same
//   switch_place     the commit: who owns the blobs, and what is left to do
//   take_in_packs    what a folder got lies beside its packs until the store lives there
//   clear_place      removes what lay at the old place, when the store is in use at the new one
//
// A process that ends before the commit leaves a store at the old place, and a part of a copy, with
// which the next move goes on; one that ends after it leaves what the next opening finishes
// (model::BlobMoveRow tells which).
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/pace.h"
#include "base/random.h"
#include "content/blob_changes.h"
#include "content/frames.h"
#include "kv/kv.h"
#include "model/vault_rows.h"
#include "spind/blob_store.h"
#include "spind/blobs.h"

namespace spind::content {

struct BlobMoveSetup {
  kv::Store& kv;
  Clock& clock;
  BlobStore& from;
  BlobStore& to;
  BlobChanges& changes;  // of `from`
  const MoveBlobsOptions& options;
  std::atomic<std::uint64_t>& pending_bytes;
  std::function<bool()> store_closes;
  std::function<void()> begin_new_packs;  // so that those of now can be copied
};

// One thread at a time. Beside what it is set up with it takes as much memory as the largest blob,
// and some for names.
class BlobMove {
 public:
  explicit BlobMove(const BlobMoveSetup& setup)
      : setup_(setup), pace_(setup.options.rate_bytes, setup.clock.monotonic_ns()) {}
  ~BlobMove() { setup_.changes.end(); }
  BlobMove(const BlobMove&) = delete;
  BlobMove& operator=(const BlobMove&) = delete;

  // Copies until hardly anything is left, or as often as is worth while. cancelled.
  Status copy_while_in_use();
  // The same of what changed since, where some time has passed.
  Status catch_up();
  // Copies the rest, and removes what the old place has not: nothing is written or removed
  // meanwhile. Takes no longer the more blobs there are, but where too much changed or is damaged:
  // then it compares all.
  Status copy_rest();

  const MoveBlobsReport& report() const { return report_; }

 private:
  using BlobBytes = std::vector<std::uint8_t>;
  struct Round {
    bool last = false;
    std::uint64_t blobs = 0, bytes = 0;  // of those that differ
  };

  Status compare(const std::function<Status(const BlobListItem&)>& lacking,
                 const std::function<Status(const std::string&)>& stale);
  Status copy_what_differs(bool last);
  Status copy_changed(const std::vector<std::string>& changed, bool last);
  Status plan(Round& round);
  Status copy(const std::string& name, bool last);
  Status leave_open(const std::string& name);
  Status note_gone(const std::string& name);
  Status remove_gone();
  Result<bool> is_open(const std::string& name);
  Result<std::optional<BlobBytes>> read(const std::string& name, bool last);
  Result<bool> is_sound(const std::string& name, Bytes bytes);
  Result<bool> is_piece_in_use(const FrameHeader& header, const model::BlobPlace& place);
  void suspect(const std::string& name);
  Status mark_spoilt(const std::string& name);
  Status remove_spoilt();
  void leave_damaged(const std::string& name);
  Status go_on(bool last);

  const BlobMoveSetup setup_;
  Pace pace_;
  std::uint64_t done_ = 0, total_ = 0;
  // Packs that the store appended to when their turn came, and blobs that may be mended yet.
  std::set<std::string> open_, damaged_;
  bool much_damaged_ = false;      // more than are kept
  std::vector<std::string> gone_;  // which the new place may have yet
  MoveBlobsReport report_;
};

Result<std::optional<model::BlobMoveRow>> blob_move_row(const kv::View& rows);

// `to` null: the store's own folder. What an earlier move away from `to` left there is removed.
// conflict: others' blobs lie there.
Status begin_move(kv::Store& kv, BlobStore* to, Random& random, const Interrupt& interrupt);
// Durable when it returns. `owner` none: the blobs lie in the store's folder. `left`: what is to be
// done.
Status switch_place(kv::Store& kv, const std::optional<model::BlobOwnerRow>& owner,
                    const std::optional<model::BlobMoveRow>& left);
Status note_move(kv::Store& kv, const std::optional<model::BlobMoveRow>& row);
// A pack of an earlier run, of which a collection has to find out how much of it counts.
Result<bool> has_open_packs(const kv::View& rows);
Result<std::uint64_t> numbers_end(const kv::View& rows);

Status make_incoming(Files& files, const std::string& incoming);
Status take_in_packs(Files& files, const std::string& incoming, const std::string& packs);
// Removes objects, and packs whose numbers are lower.
Status clear_place(BlobStore& place, std::uint64_t packs_end, const Interrupt& interrupt = nullptr);
Status clear_marks(BlobStore& place);
// All that a store has in a place that its host gives, but what tells whose it is
// (BlobOwner::clear_claims).
Status clear_given_place(BlobStore& place, const Interrupt& interrupt = nullptr);

}  // namespace spind::content
