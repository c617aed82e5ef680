// Packs as files that are appended to: which one the next small piece goes to, and what the ledger
// says of each.
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

#include "content/blob_changes.h"
#include "content/pack.h"
#include "content/packs.h"

namespace spind::content {

// Few waiters are best served by one sync that covers them all; only a crowd is split over two
// packs, so that one takes appends while the other syncs.
inline constexpr std::size_t kActivePacksMax = 2;
inline constexpr std::size_t kPackCrowd = 24;

// Where the pack of a number lies.
std::string pack_path(const std::string& folder, std::uint64_t number);

// Thread-safe.
class FilePacks final : public Packs {
 public:
  struct Options {
    bool resumes = true;  // packs of earlier runs that have room take more
    // Lower numbers are those of packs that lie elsewhere: files that a move left of them are not
    // looked at.
    std::uint64_t first_number = 0;
    BlobChanges* changes = nullptr;  // told of each pack that is appended to or removed
  };
  // `on_sync_failure` is told of a failed sync: what other uploads believe to be durable may be
  // gone, so the store must not go on.
  static Result<std::unique_ptr<FilePacks>> open(kv::Store& kv, Files& files, std::string folder,
                                                 std::function<void(const Error&)> on_sync_failure,
                                                 const Options& options);

  // A disk is not given up on.
  Result<model::BlobPlace> append(Bytes frames, const Interrupt&) override;
  void settle_used(const model::BlobPlace& place, kv::Ticket ticket) override;
  void settle_dead(const model::BlobPlace& place, std::uint64_t stored_bytes) override;
  void settle_unknown(const model::BlobPlace& place) override;
  void close() override;
  void begin_new() override;
  Result<std::size_t> read(std::uint64_t number, std::uint64_t offset, Places places,
                           const Interrupt&) override;

  // Rows are written when a pack is full, and no put fails.
  Status catch_up(std::int64_t) override { return {}; }
  // Its end can be cut.
  Result<std::unique_ptr<File>> open_pack(std::uint64_t number) override;
  Result<bool> punch(const model::BlobPlace& place, std::uint64_t stored_bytes) override;
  void count_dead(const model::PieceRow& row, kv::Ticket ticket) override;
  Status remove(std::span<const std::uint64_t> numbers) override;
  Status list(const NumberVisit& visit) override;
  std::uint64_t worth_moving_bytes() const override { return 1024 * 1024; }
  model::LedgerRow left_open_tag(std::uint64_t) override { return model::LedgerRow::pack_open; }
  SyncCounts sync_counts() override;

  // No pack of now takes more: their rows are written once all that is in them is settled.
  void seal();
  // Whether the row of the pack will be written by this run, and is not yet.
  bool is_settling(std::uint64_t number);
  Result<bool> has_file(std::uint64_t number);

 private:
  FilePacks(kv::Store& kv, Files& files, std::string folder,
            std::function<void(const Error&)> on_sync_failure, const Options& options);
  std::string path_of(std::uint64_t number) const { return pack_path(folder_, number); }
  Result<std::shared_ptr<Pack>> choose();
  std::shared_ptr<Pack> least_busy(bool& may_add);
  Result<std::shared_ptr<Pack>> take_into_use();
  Result<std::shared_ptr<Pack>> resume_idle();
  Result<std::shared_ptr<Pack>> make_new();
  void note_change(std::uint64_t number);
  void retire(const std::shared_ptr<Pack>& pack);
  void write_account(const std::shared_ptr<Pack>& pack);
  std::shared_ptr<Pack> find(std::uint64_t number);

  kv::Store& kv_;
  Files& files_;
  const std::string folder_;
  const std::function<void(const Error&)> on_sync_failure_;
  const Options options_;
  std::atomic<bool> resumes_;

  std::mutex adding_;  // held while a pack is taken into use; before mutex_
  std::mutex mutex_;
  std::vector<std::shared_ptr<Pack>> active_;
  std::map<std::uint64_t, std::shared_ptr<Pack>> mine_;  // active, or not yet accounted for
  SyncCounts past_;                                      // of packs that are no longer mine
};

}  // namespace spind::content
