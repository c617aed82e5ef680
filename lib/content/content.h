// A file's bytes: hashed, cut into pieces, shared within a vault, stored, verified when read, and
// collected when nothing refers to them. README.md tells how.
//
// Knows vaults, pieces, packs and blobs; must not know names, folders or rights. A space's commit
// refers to what an upload stored; the bytes are durable before that.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/files.h"
#include "base/random.h"
#include "base/threads.h"
#include "content/object_packs.h"
#include "kv/kv.h"
#include "model/content_ref.h"
#include "model/vault_rows.h"
#include "spind/blob_store.h"
#include "spind/options.h"
#include "spind/upkeep.h"
#include "spind/vaults.h"

namespace spind::content {

class BlobChanges;
class VaultKeys;

// Whose bytes these are: the vault is the domain of dedup, the space holds the references.
struct Owner {
  std::string vault;  // its name (model::vault_name)
  SpaceId space;
  PieceRule pieces = PieceRule::fixed;  // of uploads
};

// Keeps the collector away from what an upload stored until its space has committed.
class Claim;

// What an upload came to. Durable, but referred to by nobody yet.
struct Stored {
  std::uint64_t size_bytes = 0;
  Sha256 sha256{};
  Checksums checksums;               // those that were wanted
  std::string inline_bytes;          // the content, if size_bytes <= kInlineBytesMax
  std::vector<model::Piece> pieces;  // else its pieces, in order
  std::shared_ptr<Claim> claim;      // null for inline content
};

// Content that fits inline needs no upload. Precondition: bytes.size() <= kInlineBytesMax.
Stored store_inline(Bytes bytes, std::uint8_t checksums_wanted);

// Takes the bytes of one version, in parts of any size. One thread at a time. Destroyed without
// finish: what it stored is left to the collector.
class Upload {
 public:
  virtual ~Upload() = default;
  virtual Status append(Bytes bytes) = 0;
  virtual Result<Stored> finish() = 0;
  // The same of what is the end of something longer: a piece, however short it is.
  virtual Result<Stored> finish_as_pieces() = 0;
};

// The bytes of one version, verified. Thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  // Fills `out` from `offset`; fewer bytes only at the end.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out,
                                      const Interrupt& interrupt = nullptr) = 0;
  // A hint that the range will be read soon, in order.
  virtual void read_ahead(std::uint64_t offset, std::uint64_t size_bytes) = 0;
};

// What a Carrier brought into another vault.
struct Brought {
  std::vector<Stored> files;  // in the order in which they were added, without claims
  Stored claimed;             // names the claim on all of it
};

// Brings content of one vault into another, where it is stored as that of an upload is; read
// through one snapshot, and verified. One thread at a time. Destroyed without finish: what it
// stored is left to the collector.
class Carrier {
 public:
  // The content of one file.
  struct Load {
    std::vector<model::Piece> pieces;
    std::uint64_t size_bytes = 0;
    Sha256 sha256{};
    std::string path;  // which errors name
  };
  virtual ~Carrier() = default;
  // Begins to bring it. The error may be that of an earlier one. corruption: it is damaged.
  virtual Status add(Load load) = 0;
  virtual Result<Brought> finish() = 0;
};

struct CarrierHooks {
  Interrupt interrupt;  // asked in any thread
  // So many bytes more were brought; in the caller's thread. Not ok: the carrier ends with that.
  std::function<Status(std::uint64_t)> moved;
};

// Small pieces are durable in `Setup::pack_folder` first.
struct StagedOptions {
  std::uint64_t backlog_bytes_max = 1ull << 30;
};

struct Setup {
  kv::Store* kv = nullptr;
  BlobStore* blobs = nullptr;  // objects
  Files* files = nullptr;      // packs
  std::string pack_folder;
  std::uint64_t first_pack = 0;    // of those in the folder that are the store's
  BlobChanges* changes = nullptr;  // told of changes of packs there, where those are blobs
  // The blobs are far away: small pieces are gathered into objects, and many are on their way at
  // once.
  std::optional<GatherOptions> gather;
  // With that: what is staged in `pack_folder`, if there is one, is brought to the blobs once in a
  // period. Without it only what an earlier run left there.
  std::optional<StagedOptions> staged{};
  std::chrono::milliseconds staged_period{1000};  // 0: only where flush_staged is called
  Clock* clock = nullptr;
  Threads* threads = nullptr;
  std::uint64_t memory_bytes = 0;  // for pieces in flight, read-ahead and compressing
  bool compress = true;
  VaultKeys* keys = nullptr;  // null: no piece is sealed
  Random* random = nullptr;   // of salts; null: that of the system
  std::uint64_t free_space_reserve_bytes = 0;
  // Nothing is written from the beginning, nor is anything that an earlier run left looked after.
  std::optional<Error> read_only{};
  LogCallback log;
};

struct Metrics {
  std::uint64_t bytes_written = 0, bytes_read = 0;  // as stored
  std::uint64_t bytes_gathered = 0;                 // of what was written, before compression
  std::uint64_t pieces_stored = 0, pieces_shared = 0;
  std::uint64_t pack_syncs = 0, pack_sync_appends = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t staged_backlog_bytes = 0;  // of small pieces, still here
  std::uint64_t corruptions = 0;
  std::uint64_t packs_rewritten = 0, moved_bytes = 0;
  std::uint64_t blobs_removed = 0, blob_removals = 0;
  std::uint64_t pieces_waiting = 0, pieces_waiting_seconds = 0;  // at the last collection
};

// Thread-safe. Destroying it waits for its workers; uploads and sources must be gone by then.
class Content {
 public:
  static Result<std::unique_ptr<Content>> open(const Setup& setup);
  virtual ~Content() = default;

  virtual std::unique_ptr<Upload> upload(const Owner& owner, std::uint8_t checksums_wanted,
                                         Interrupt interrupt) = 0;
  // Makes the owner's space a holder of pieces that its vault has, for a commit that will refer to
  // them; durable before that. The answer names the claim on them, as that of an upload does.
  // aborted: one of them is not there any more.
  virtual Result<Stored> adopt(const Owner& owner, std::span<const model::PieceId> pieces) = 0;
  // From the vault of one space, as the snapshot has it, to that of another.
  virtual std::unique_ptr<Carrier> carrier(kv::SnapshotRef snapshot, const Owner& from,
                                           const Owner& to, CarrierHooks hooks) = 0;
  // no_space if so many bytes more would use up the device's reserve; or why none are taken.
  virtual Status room(std::uint64_t bytes) = 0;
  // For the body of the space's commit: aborted if the collector took the claim (as after a clock
  // jump or a very long pause); the bytes may be gone then and the put must be tried again.
  virtual Status verify(const Stored& stored) = 0;

  // `snapshot` is held as long as the source: it pins the bytes. `size_bytes` is the version's.
  // Attachments are rows that model::encode_inline and model::encode_manifest make.
  virtual Result<std::unique_ptr<Source>> source(kv::SnapshotRef snapshot, const Owner& owner,
                                                 const model::ContentRef& content,
                                                 std::uint64_t size_bytes) = 0;
  // The same of pieces that no version refers to yet.
  virtual Result<std::unique_ptr<Source>> source(kv::SnapshotRef snapshot, const Owner& owner,
                                                 std::vector<model::Piece> pieces) = 0;

  // Seals the vault's pieces with its newest data key: those that were stored under earlier ones.
  // Names stay, and what is stored meanwhile is shared as ever. One that is cut off goes on with
  // the next call. key_unavailable; not_found: the store has no keys; cancelled; no_space.
  virtual Result<ResealReport> reseal(const model::VaultId& vault,
                                      const ResealOptions& options) = 0;

  // What is stored from now on comes into no pack that holds anything yet, where packs are files:
  // for somebody who copies those that are done with.
  virtual void begin_new_packs() = 0;

  // Brings what was staged by now to the blobs.
  virtual Result<FlushStagedReport> flush_staged(const FlushStagedOptions& options) = 0;

  virtual Result<CollectReport> collect(const CollectOptions& options) = 0;
  // Not locked yet. While it is, no collection runs (needs.h).
  virtual std::unique_lock<std::mutex> collector_lock() = 0;

  // For check: every piece row and holder row of the store, and whether the stored bytes are there
  // (and, with `read_bytes`, whether they are as they were written).
  struct PieceState {
    std::string tenant_vault;  // the vault's id, 16 bytes
    model::PieceId id{};
    std::uint64_t size_bytes = 0;
    std::uint64_t holders = 0;
    // Holders that count no reference and are not in the queue that the collector looks at: nothing
    // would ever let go of the piece.
    std::uint64_t stray_holders = 0;
    bool live = true;  // else condemned or being deleted
    Status bytes;      // not ok: missing or corrupt
    // False: it is sealed, and the keys of its vault cannot be had. Then it was compared with its
    // digests only, which tell damage, but not that somebody exchanged it.
    bool opened = true;
  };
  virtual Status visit_pieces(const kv::Snapshot& snapshot, bool read_bytes,
                              const std::function<Status(const PieceState&)>& visit) = 0;
  // For check: what is stored and what the ledger says of it, held against all rows of pieces.
  // Such a number comes to be right where the ledger notes it as left open by a crash, under
  // `left_open`: the collector of the next opening decides on it.
  struct PackFault {
    std::uint64_t number = 0;
    model::LedgerRow left_open{};
    std::string text;
  };
  struct LostPiece {
    model::VaultId vault{};
    model::PieceId id{};
  };
  struct StrayBlob {
    std::uint64_t number = 0;
    model::LedgerRow left_open{};
    std::string text;
    // What it holds, where spaces hold on to that and it has no row.
    std::optional<LostPiece> lost;
  };
  struct PlaceVisitor {
    // The pack has no row, or one that cannot be read or says that less is in use than is.
    std::function<Status(const PackFault&)> pack;
    // A blob or a pack that no row knows.
    std::function<Status(const StrayBlob&)> stray;
    // Numbers that are in use would be given out again: the next one has to be this.
    std::function<Status(std::uint64_t)> next_number;
    std::function<Status()> step;
  };
  virtual Status visit_places(const kv::Snapshot& snapshot, const PlaceVisitor& visitor) = 0;
  // For scrub: reads and verifies the piece whose row is the first behind the key `position`, which
  // becomes that of its row. "" is before the first; none: there is no other.
  virtual Result<std::optional<PieceState>> read_next(const kv::Snapshot& snapshot,
                                                      std::string& position) = 0;
  // Whether the vault of `owner` is one that collect and check visit, and has the piece and a
  // holder row for the space.
  virtual Result<bool> holds(const kv::Snapshot& snapshot, const Owner& owner,
                             const model::PieceId& piece) = 0;

  virtual Metrics metrics() = 0;
  // From now on writes are refused with that error, since the blobs are another's.
  virtual void stop_writing(const Error& why) = 0;
  // Why writes are refused, or ok.
  virtual Status health() = 0;

  // The vault by its name. Makes keys for whatever will be stored there, if it has none and the
  // store encrypts; durable when it returns. Not to be called by who owns a partition.
  virtual Status make_keys(const std::string& vault) = 0;
  // key_unavailable: it was destroyed, or its keys cannot be had.
  virtual Status keys_at_hand(const std::string& vault) = 0;
  // Whether it was destroyed: nothing that is sealed there opens ever again.
  virtual Result<bool> is_destroyed(const std::string& vault) = 0;
};

}  // namespace spind::content
