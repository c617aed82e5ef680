// Where the pieces of all vaults are: finds them, stores them once, reads their frames.
//
// The order that keeps bytes safe: the claim is registered in memory; the bytes become durable;
// then one commit in the piece's bucket adds the piece, its holder and the note that the claim is
// unchecked. The space's commit that counts the reference comes later in the store's order, so it
// can never be durable without that one.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "content/doomed_places.h"
#include "content/failed_puts.h"
#include "content/frames.h"
#include "content/numbers.h"
#include "content/packs.h"
#include "content/piece_keys.h"
#include "kv/kv.h"
#include "spind/blob_store.h"

namespace spind::content {

// All since the store was opened.
struct ContentCounts {
  std::atomic<std::uint64_t> bytes_stored = 0, bytes_read = 0;
  std::atomic<std::uint64_t> bytes_gathered = 0;  // of what is stored, before it was compressed
  std::atomic<std::uint64_t> pieces_stored = 0, pieces_shared = 0;
  std::atomic<std::uint64_t> corruptions = 0;
  std::atomic<std::uint64_t> packs_rewritten = 0, moved_bytes = 0;
  std::atomic<std::uint64_t> blobs_removed = 0, blob_removals = 0;  // and by how many requests
};

// The folder that all objects lie below.
inline constexpr std::string_view kObjectsPrefix = "o";
std::string object_name(std::uint64_t number);

// Thread-safe.
class Vaults {
 public:
  // `packs` null: small pieces become objects as well. `room` is asked before bytes are written
  // whether the device has place for that many more. `codec` null: nothing is compressed. `far`: a
  // put that failed may still be under way.
  Vaults(kv::Store& kv, BlobStore& blobs, Packs* packs, FrameCodec* codec, const PieceKeys& keys,
         Clock& clock, bool far, std::function<Status(std::uint64_t)> room)
      : kv_(kv),
        blobs_(blobs),
        packs_(packs),
        codec_(codec),
        keys_(keys),
        clock_(clock),
        far_(far),
        room_(std::move(room)),
        numbers_(kv) {}
  // Writes what the ledger should know. Nothing is stored after.
  void close();

  // Notes that there is the vault, so that the collector finds it, and makes its keys; before
  // anything is stored there, and not in a body.
  Status note(const model::VaultId& vault, std::string_view name);

  // Stores the piece, or finds it stored, and makes `space` its holder. A claim must hold it.
  // The ticket of the commit needs no wait before the space's commit, but the claim keeps it: a
  // store that was opened anew after it was full may have lost it.
  Result<kv::Ticket> store(const model::VaultId& vault, const SpaceId& space, PieceBuffer& buffer,
                           const model::PieceId& piece, const Interrupt& interrupt = nullptr);

  // Stores a piece of the vault anew, and lets its row name the new place; the old one is doomed.
  // None if the row is not `before` any more.
  Result<std::optional<kv::Ticket>> replace(const model::VaultId& vault,
                                            const model::PieceId& piece,
                                            const model::PieceRow& before, PieceBuffer& buffer);

  // Makes `space` a holder of pieces that the vault has, by one commit. A claim must hold them.
  // aborted: one is not there.
  Result<kv::Ticket> adopt(const model::VaultId& vault, const SpaceId& space,
                           std::span<const model::PieceId> pieces);

  // The row of a piece; corruption if there is none.
  Result<model::PieceRow> find(const kv::View& view, const model::VaultId& vault,
                               const model::PieceId& piece) const;
  // Reads stored bytes of a piece from `offset`; fewer than asked only where the blob ends.
  Result<std::size_t> read(const model::PieceRow& row, std::uint64_t offset, Places places,
                           const Interrupt& interrupt = nullptr);
  // What was read of a piece is not what was stored. To be called once before it is read again,
  // where it may lie elsewhere too: whoever has it there mends it (BlobStore::suspect).
  void suspect(const model::PieceRow& row, const model::VaultId& vault, const model::PieceId& piece,
               const Interrupt& interrupt = nullptr);
  // A hint that all of the piece will be read soon.
  void will_read(const model::PieceRow& row);
  // Looks at the first header only. not_found if no blob is where the row says, corruption if it
  // is not that piece's, or not sealed as it must be.
  Status look(const model::PieceRow& row, const model::VaultId& vault, const model::PieceId& piece,
              const Interrupt& interrupt = nullptr);

  // For the collector: removes objects together, and what is left of puts that failed so long ago.
  Status remove_objects(std::span<const std::uint64_t> numbers);
  Status catch_up(std::int64_t failed_ns_ago);
  // For a check: the numbers of all objects that are stored, in any order.
  Status list_objects(const NumberVisit& visit);

  // no_space if so many bytes more would use up the device's reserve.
  Status room(std::uint64_t bytes) const { return room_(bytes); }
  kv::Store& kv() { return kv_; }
  BlobStore& blobs() { return blobs_; }
  Packs* packs() { return packs_; }
  PieceKeys& keys() { return keys_; }
  DoomedPlaces& doomed() { return doomed_; }
  bool far() const { return far_; }
  ContentCounts& counts() { return counts_; }

 private:
  Result<std::optional<kv::Ticket>> share(const model::VaultId& vault, const SpaceId& space,
                                          const model::PieceId& piece, const Interrupt& interrupt,
                                          std::optional<model::BlobPlace>& missing);
  // Where it is durable: as what comes, or at least as what it replaces was.
  enum class Lasting { as_new, for_good };
  Result<model::PieceRow> write(const model::VaultId& vault, const model::PieceId& piece,
                                PieceBuffer& buffer, Lasting lasting, const Interrupt& interrupt);
  Result<model::BlobPlace> write_frames(Bytes frames, std::size_t piece_bytes, Lasting lasting,
                                        const Interrupt& interrupt);
  void settle_used(const model::PieceRow& row, kv::Ticket ticket);
  void give_up(const model::PieceRow& row);
  void settle_failed(const model::PieceRow& row, Code code);
  void settle_doomed(const std::string& key, const kv::Answer& answer, bool doomed);

  kv::Store& kv_;
  BlobStore& blobs_;
  Packs* const packs_;
  FrameCodec* const codec_;
  PieceKeys keys_;
  Clock& clock_;
  const bool far_;
  const std::function<Status(std::uint64_t)> room_;
  BlobNumbers numbers_;
  FailedPuts failed_;
  DoomedPlaces doomed_;
  ContentCounts counts_;
  std::mutex known_mutex_;
  std::set<model::VaultId> known_;  // vaults whose row is durable; at most kKnownVaultsMax
};

}  // namespace spind::content
