// Which store owns a blob store that a host gives, and in which of its copies it lives.
//
//   owner/<epoch, 16 hex digits>-<claim, 16 hex digits>      names the store; never changes
//
// A store claims its blobs anew at each opening and each collection: it notes the next epoch and a
// random claim among its rows, durably, then puts the object that says so, and lists what else is
// there. So this is told:
//
//   another store on the same blobs      the newest owner names another store: conflict
//   rows that are older than the blobs   the newest owner is none that the rows know of: another
//                                        copy of them has claimed the blobs since. They are lost:
//                                        the rows may be read, and nothing may be written
//   two copies opened at one moment      whoever sees the other's claim beside its own takes its
//                                        own back, so at most one goes on, maybe none: conflict
//
// This rests on listings that show every put that was answered before, and on no conditional put
// (fencing.h). A copy that was opened elsewhere is noticed by look(), and at the next claim. A copy
// of the rows that was made since the last claim is not told from the original. Whoever copies the
// rows knowingly says disown().
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "kv/kv.h"
#include "model/vault_rows.h"
#include "spind/blob_store.h"

namespace spind::content {

inline constexpr std::string_view kOwnerPrefix = "owner/";

struct BlobOwnerSetup {
  kv::Store& kv;
  BlobStore& blobs;
  Random& random;
  bool new_store = false;  // nothing was stored yet
  bool adopt = false;      // whoever claimed the blobs last
  bool allow_unfenced = false;
};

// Thread-safe.
class BlobOwner {
 public:
  // Claims the blobs, unless they are lost. conflict as above; invalid_argument: a store that keeps
  // its blobs elsewhere, or a new one whose blobs would lie among others; unsupported as in
  // fencing.h.
  static Result<std::unique_ptr<BlobOwner>> open(const BlobOwnerSetup& setup);

  // The newest claim on a place; none: nobody has claimed it.
  static Result<std::optional<std::uint64_t>> newest_claim(BlobStore& place);
  // Removes all that tells whose a place is, the newest claim last.
  static Status clear_claims(BlobStore& place);

  const model::BlobOwnerRow& row() const { return row_; }

  // Claims them anew. After a conflict the blobs are another's, and nothing may be removed.
  Status renew() { return renew(false); }
  // Looks whether another copy has claimed them, and claims nothing. conflict: one has, and they
  // are lost; and whatever the blobs answer.
  Status look(const Interrupt& interrupt);
  // Why the blobs are another copy's, for good; none: they are its own, as far as is known.
  std::optional<Error> lost() const;
  // Whether the place can tell its users apart (fencing.h).
  bool fences() const { return fences_; }

 private:
  struct Claimed {
    std::uint64_t epoch = 0, claim = 0;
    std::string name;
  };

  explicit BlobOwner(const BlobOwnerSetup& setup)
      : kv_(setup.kv), blobs_(setup.blobs), random_(setup.random) {}
  Status begin(const BlobOwnerSetup& setup);
  Status claim_first(const BlobOwnerSetup& setup, bool known);
  Status check_new_place(bool new_store);
  Status check_adopted();
  Status renew(bool first_time);
  Error lose(const Claimed& newest);
  Status note(const model::BlobOwnerRow& row);
  static Result<std::vector<Claimed>> claims_on(BlobStore& place,
                                                const Interrupt& interrupt = nullptr);
  Result<std::vector<Claimed>> claims();
  Status check_store(const Claimed& claimed);
  Status take_over();
  Status claim_next(const std::vector<Claimed>& claims);
  Status settle_claim();
  Status skip_numbers();

  kv::Store& kv_;
  BlobStore& blobs_;
  Random& random_;
  bool fences_ = true;
  mutable std::mutex mutex_;
  model::BlobOwnerRow row_;
  std::optional<Error> lost_;
};

// Claims a place that the blobs of a store have been copied to, as one of a store that is not known
// there: so neither place is taken for the other. It is the store's when the rows name what is
// answered.
Result<model::BlobOwnerRow> claim_copy(BlobStore& place, Random& random);
// Whether the rows are those of a store whose blobs lie in a blob store that its host gives.
Result<bool> has_blob_owner(const kv::View& rows);
// For rows that are a copy: they are not taken for the original, which goes on elsewhere.
Status disown(kv::Store& copy);

}  // namespace spind::content
