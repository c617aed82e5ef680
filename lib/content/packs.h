// The packs of a store: which file the next small piece goes to, and what the ledger says of each.
//
//   <folder>/<number, 16 hex digits>
//
// A pack's ledger row is durable before its file is made. While a run of the store appends, the row
// says "open": after a crash the collector walks the frames of the few packs that were. When the
// pack is closed the row says up to where every frame is in use or counted as dead.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "content/pack.h"
#include "kv/kv.h"
#include "model/vault_rows.h"

namespace spind::content {

// Few waiters are best served by one sync that covers them all; only a crowd is split over two
// packs, so that one takes appends while the other syncs.
inline constexpr std::size_t kActivePacksMax = 2;
inline constexpr std::size_t kPackCrowd = 24;
// A pack with less room than this is full.
inline constexpr std::uint64_t kPackRoomMin = 2 * 1024 * 1024;

// Where the pack of a number lies.
std::string pack_path(const std::string& folder, std::uint64_t number);

// Thread-safe.
class Packs {
 public:
  // `on_sync_failure` is told of a failed sync: what other uploads believe to be durable may be
  // gone, so the store must not go on.
  static Result<std::unique_ptr<Packs>> open(kv::Store& kv, Files& files, std::string folder,
                                             std::function<void(const Error&)> on_sync_failure);

  // Appends `frames`; durable when it returns. Must be settled.
  Result<model::BlobPlace> append(Bytes frames);
  void settle_used(const model::BlobPlace& place, kv::Ticket ticket);
  void settle_dead(const model::BlobPlace& place, std::uint64_t stored_bytes);
  void settle_unknown(const model::BlobPlace& place);
  // Writes the rows of all packs. Nothing is appended after.
  void close();

  Result<std::size_t> read(std::uint64_t number, std::uint64_t offset, Places places);

  // For the collector.
  Result<std::unique_ptr<File>> open_file(std::uint64_t number, OpenMode mode);
  // Gives a frame's bytes back to the device, but not its header, so that the frames behind it can
  // still be walked to. False where the file system cannot.
  Result<bool> punch(const model::PieceRow& row);
  // A used frame of a pack that is still open has died, by the commit of `ticket`: its account will
  // say so. Where that commit is lost, the account is not written, lest the frame be counted twice.
  void count_dead(const model::PieceRow& row, kv::Ticket ticket);
  Status remove_file(std::uint64_t number);

  SyncCounts sync_counts();

 private:
  Packs(kv::Store& kv, Files& files, std::string folder,
        std::function<void(const Error&)> on_sync_failure);
  std::string path_of(std::uint64_t number) const { return pack_path(folder_, number); }
  Result<std::shared_ptr<Pack>> choose();
  std::shared_ptr<Pack> least_busy(bool& may_add);
  Result<std::shared_ptr<Pack>> take_into_use();
  Result<std::shared_ptr<Pack>> resume_idle();
  Result<std::shared_ptr<Pack>> make_new();
  void retire(const std::shared_ptr<Pack>& pack);
  void write_account(const std::shared_ptr<Pack>& pack);
  std::shared_ptr<Pack> find(std::uint64_t number);

  kv::Store& kv_;
  Files& files_;
  const std::string folder_;
  const std::function<void(const Error&)> on_sync_failure_;

  std::mutex adding_;  // held while a pack is taken into use; before mutex_
  std::mutex mutex_;
  std::vector<std::shared_ptr<Pack>> active_;
  std::map<std::uint64_t, std::shared_ptr<Pack>> mine_;  // active, or not yet accounted for
  SyncCounts past_;                                      // of packs that are no longer mine
};

// Alters a pack's row in a body that owns the ledger. `change` gets the row and the tag that it was
// found under and answers the tag that it goes to. not_found if there is no row.
using PackChange = std::function<model::LedgerRow(model::LedgerRow, model::PackRow&)>;
Status change_pack(kv::Transaction& transaction, std::uint64_t number, const PackChange& change);

// The tag of a pack that nobody appends to.
model::LedgerRow resting_tag(const model::PackRow& row);

}  // namespace spind::content
