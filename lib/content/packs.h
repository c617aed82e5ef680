// The packs of a store: blobs that hold the frames of many small pieces, one behind the other, so
// that many uploads share the cost of making bytes durable.
//
//   FilePacks     files that are appended to, with one sync for all who wait (file_packs.h)
//   ObjectPacks   objects of a blob store, each put once, with all that came within a short time
//                 (object_packs.h)
//   StagedPacks   both: files first, which are brought to objects soon after (staged_packs.h)
//
// A row of the ledger says of each pack how long it is and how much of it is dead.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "kv/kv.h"
#include "model/vault_rows.h"
#include "spind/blob_store.h"

namespace spind::content {

inline constexpr std::uint64_t kPackBytesMax = 64 * 1024 * 1024;
// A pack with less room than this is full. What the collector moves at once fits into it.
inline constexpr std::uint64_t kPackRoomMin = 2 * 1024 * 1024;

// What was done to make packs durable: syncs, or puts; and for how many appends.
struct SyncCounts {
  std::uint64_t syncs = 0;
  std::uint64_t appends_synced = 0;
};

// A pack as a blob of a blob store.
struct PackBlob {
  std::uint64_t number = 0;
  std::string name{};
  std::optional<std::uint64_t> end_bytes{};  // until its row tells
};

using NumberVisit = std::function<Status(std::uint64_t)>;

// Thread-safe.
class Packs {
 public:
  virtual ~Packs() = default;

  // Appends `frames`; durable when it returns. What was appended when the interrupt came counts as
  // dead; whoever appends at the same moment has what is his. Must be settled: what was appended is
  // referred to by the commit of `ticket`, or is dead, or nobody knows, as after a commit that
  // failed.
  virtual Result<model::BlobPlace> append(Bytes frames, const Interrupt& interrupt = nullptr) = 0;
  // The same of what is stored already, and is not to become less durable by being stored
  // elsewhere.
  virtual Result<model::BlobPlace> append_for_good(Bytes frames,
                                                   const Interrupt& interrupt = nullptr) {
    return append(frames, interrupt);
  }
  virtual void settle_used(const model::BlobPlace& place, kv::Ticket ticket) = 0;
  virtual void settle_dead(const model::BlobPlace& place, std::uint64_t stored_bytes) = 0;
  virtual void settle_unknown(const model::BlobPlace& place) = 0;
  // Writes the rows of all packs. Nothing is appended after.
  virtual void close() = 0;
  // What is appended from now on goes to packs that nothing was appended to before, for somebody
  // who copies packs that are done with.
  virtual void begin_new() {}

  virtual Result<std::size_t> read(std::uint64_t number, std::uint64_t offset, Places places,
                                   const Interrupt& interrupt = nullptr) = 0;

  // None: it does not lie in a blob store.
  virtual std::optional<PackBlob> blob_of(std::uint64_t) { return std::nullopt; }

  // For the collector. Writes the rows of packs that are settled, and forgets what is left of puts
  // that failed so long ago.
  virtual Status catch_up(std::int64_t failed_ns_ago) = 0;
  // The whole pack, to walk through. not_found.
  virtual Result<std::unique_ptr<File>> open_pack(std::uint64_t number) = 0;
  // Gives the bytes of a dead piece's frames back to the device, but not the first header, so that
  // the pieces behind it can still be walked to. False where that cannot be.
  virtual Result<bool> punch(const model::BlobPlace& place, std::uint64_t stored_bytes) = 0;
  // A used frame of a pack that has no row yet, or whose row does not reach so far, has died, by
  // the commit of `ticket`. Where that commit is lost, no row is written, lest the frame be counted
  // twice.
  virtual void count_dead(const model::PieceRow& row, kv::Ticket ticket) = 0;
  // Durable. Those that are not there count as removed.
  virtual Status remove(std::span<const std::uint64_t> numbers) = 0;
  // For a check: the numbers of all packs that are stored, in any order.
  virtual Status list(const NumberVisit& visit) = 0;
  // What must be dead in a pack before what is left is worth moving.
  virtual std::uint64_t worth_moving_bytes() const = 0;
  // Whether what is in use of the pack goes elsewhere anyway.
  virtual bool passes_through(std::uint64_t) { return false; }
  // Noted under this tag, a collector of the next opening looks at the pack as at one that a crash
  // left.
  virtual model::LedgerRow left_open_tag(std::uint64_t number) = 0;

  virtual SyncCounts sync_counts() = 0;
};

// Under which a pack may have its row.
inline constexpr model::LedgerRow kPackTags[] = {
    model::LedgerRow::pack_open,   model::LedgerRow::pack_full,    model::LedgerRow::pack_idle,
    model::LedgerRow::pack_sparse, model::LedgerRow::pack_removed, model::LedgerRow::pack_brought};

struct FoundPack {
  model::LedgerRow tag{};
  model::PackRow row;
};
Result<std::optional<FoundPack>> find_pack(const kv::View& view, std::uint64_t number);

// Alters a pack's row in a body that owns the ledger. `change` gets the row and the tag that it was
// found under and answers the tag that it goes to. not_found if there is no row.
using PackChange = std::function<model::LedgerRow(model::LedgerRow, model::PackRow&)>;
Status change_pack(kv::Transaction& transaction, std::uint64_t number, const PackChange& change);

// Local packs whose pieces lie in a blob store; and the end of their rows, once their files are
// gone.
Result<std::vector<std::uint64_t>> brought_packs(const kv::View& view);
Status erase_brought(kv::Store& kv, std::span<const std::uint64_t> numbers);

// The tag of a pack that nobody appends to.
model::LedgerRow resting_tag(const model::PackRow& row);

}  // namespace spind::content
