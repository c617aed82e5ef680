// One place for bytes out of several, each of which holds all of them.
//
//   auto mirror = spind::make_mirror({.backends = {{"north", north}, {"south", south}},
//                                     .journal_folder = "/srv/spind/mirror"});
//   if (!mirror.ok()) ...
//
// A write goes to all backends at once and is answered when each has answered: ok if `write_quorum`
// of them have it, and what the others lack is written down in the journal, durably. A read asks
// the nearest that has everything. What is missed during an outage is caught up behind it. What
// exactly is promised when is told in lib/blob/layer/README.md.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "spind/blob_layers.h"

namespace spind {

struct MirrorBackend {
  // What the journal calls it, for ever: 1 to 64 characters out of a-z 0-9 - _
  std::string name{};
  BlobStorePtr store{};
};

struct MirrorOptions {
  std::vector<MirrorBackend> backends{};  // 2 to 8
  // So many backends have what a put answered ok for. At 2, one of them may be lost for good.
  std::size_t write_quorum = 2;
  // Made if it is not there, in a folder that is; local and durable. It belongs to this mirror. If
  // it is lost, resync all backends but one.
  std::string journal_folder{};
  // Whether these are the bytes of that blob. Asked of whole blobs: where get() or heal() read
  // them, and before a blob is copied from one backend to another. Called from any thread.
  std::function<bool(std::string_view name, std::span<const std::uint8_t> bytes)> verify{};
  std::uint64_t blob_bytes_max = 64ull << 20;  // of a blob that can be copied
  // Changes that a backend may miss before it is not caught up by name any more, but has to be
  // resynced.
  std::size_t notes_max = 100'000;
  // How often what was missed is tried again, on a thread of its own. 0: only by catch_up().
  std::chrono::milliseconds catch_up_period{5'000};
  // After so many failures in a row a backend is not asked for a while, which doubles while it
  // fails.
  std::uint32_t failures_max = 5;
  std::chrono::milliseconds rest_first{1'000};
  std::chrono::milliseconds rest_max{10'000};
};

struct MirrorBackendReport {
  std::string name{};
  bool resting = false;  // failed lately, and is not asked for now
  bool behind = false;   // is not read from until a resync has run to its end
  // Blobs that it lacks, and removed ones that it still holds, as far as is known by name.
  std::uint64_t missing = 0, missing_bytes = 0, lingering = 0;
  std::chrono::nanoseconds read_time{};  // lately; 0: not known
};

struct MirrorReport {
  std::vector<MirrorBackendReport> backends{};
  // Since it was opened: blobs written back to a backend that had lost them, or damaged them;
  // changes that a backend had missed; and blobs of those that no backend had any more.
  std::uint64_t healed_missing = 0, healed_corrupt = 0, caught_up = 0, lost = 0;

  // Whether all backends hold the same, as far as is known.
  bool even() const {
    for (const MirrorBackendReport& backend : backends) {
      if (backend.behind || backend.missing + backend.lingering > 0) return false;
    }
    return true;
  }
};

struct ResyncOptions {
  ProgressCallback progress{};  // names compared so far; the total is not known
  std::optional<CancelToken> cancel{};
};

// Errors beside those of the contract: unavailable where a put came to fewer backends than the
// quorum (it may be on some), or a blob was not found but one that may have it could not be asked;
// corruption where `verify` refuses every copy. Thread-safe.
class SPIND_EXPORT BlobMirror : public BlobStore {
 public:
  virtual MirrorReport report() const = 0;
  // Up to `count_max` names that this backend lacks or should not have any more, greater than
  // `after`.
  virtual Result<std::vector<std::string>> uneven(std::string_view backend, std::string_view after,
                                                  std::size_t count_max) const = 0;

  // Brings to each backend that answers what it missed. Says how many changes are still missing.
  virtual Result<std::uint64_t> catch_up() = 0;

  // Reads a blob from every backend and writes it where it is missing or damaged. Says to how many.
  // Without MirrorOptions::verify only a backend that says so has damaged it; whoever can tell, as
  // a store does, says suspect(). not_found, corruption: there is no good copy.
  virtual Result<std::size_t> heal(std::string_view name) = 0;

  // Puts another backend, which may be empty, in the place of one. It gets what is written from now
  // on, and is read from after a resync. Waits for the writes that are under way. conflict: no
  // other backend has everything.
  virtual Status replace(std::string_view backend, MirrorBackend by) = 0;

  // Makes a backend hold what the others hold: copies what it lacks or has in another size, removes
  // what nobody else has. Until it has run to its end the backend is not read from. An error or a
  // cancellation leaves it so, and the next resync goes on with what is still different.
  // conflict: no other backend has everything; busy: another resync runs.
  virtual Status resync(std::string_view backend, const ResyncOptions& options = {}) = 0;
};

// Errors: invalid_argument, busy (the journal is in use), corruption (of the journal), conflict
// (the journal says that none of these backends has everything), io_error, no_space.
SPIND_EXPORT Result<std::shared_ptr<BlobMirror>> make_mirror(const MirrorOptions& options);

}  // namespace spind
