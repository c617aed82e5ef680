// Packs of a blob store that is far away, in front of which small pieces are durable in local packs
// first: files in the store's folder, which are brought to the blob store soon after
// (staged_uploader.h).
//
// Where a pack lies is known by its number, which no other pack ever has: it is local as long as
// its file is in the folder (FilePacks::Options::first_number tells those that a move left). While the local packs hold as much as they may, or the device has no
// room, pieces go to the blob store at once; so whoever writes faster than it takes them goes at
// its pace.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "content/file_packs.h"
#include "content/object_packs.h"

namespace spind::content {

// Thread-safe.
class StagedPacks final : public Packs {
 public:
  struct Options {
    // What the local packs may hold that is not in the blob store; 0: nothing new comes to them.
    std::uint64_t backlog_bytes_max = 0;
    // Whether the device has room for so many bytes more.
    std::function<Status(std::uint64_t)> local_room;
  };
  // No pack of `local` may take more than once it was sealed, nor in another run.
  StagedPacks(std::unique_ptr<FilePacks> local, std::unique_ptr<ObjectPacks> far, Options options)
      : local_(std::move(local)), far_(std::move(far)), options_(std::move(options)) {}
  // Finds the local packs that earlier runs left; before anything else.
  Status find_local(kv::Store& kv);

  Result<model::BlobPlace> append(Bytes frames, const Interrupt& interrupt) override;
  Result<model::BlobPlace> append_for_good(Bytes frames, const Interrupt& interrupt) override {
    return far_->append(frames, interrupt);
  }
  void settle_used(const model::BlobPlace& place, kv::Ticket ticket) override;
  void settle_dead(const model::BlobPlace& place, std::uint64_t stored_bytes) override;
  void settle_unknown(const model::BlobPlace& place) override;
  void close() override;
  Result<std::size_t> read(std::uint64_t number, std::uint64_t offset, Places places,
                           const Interrupt& interrupt) override;
  std::optional<PackBlob> blob_of(std::uint64_t number) override;

  Status catch_up(std::int64_t failed_ns_ago) override { return far_->catch_up(failed_ns_ago); }
  Result<std::unique_ptr<File>> open_pack(std::uint64_t number) override;
  Result<bool> punch(const model::BlobPlace& place, std::uint64_t stored_bytes) override;
  void count_dead(const model::PieceRow& row, kv::Ticket ticket) override;
  Status remove(std::span<const std::uint64_t> numbers) override;
  Status list(const NumberVisit& visit) override;
  std::uint64_t worth_moving_bytes() const override { return far_->worth_moving_bytes(); }
  bool passes_through(std::uint64_t number) override { return is_local(number); }
  model::LedgerRow left_open_tag(std::uint64_t number) override;
  SyncCounts sync_counts() override;

  // For who brings them to the blob store. No local pack takes more; the next piece begins another.
  void seal() { local_->seal(); }
  // Whether the row of an open pack is still to be written by this run of the store.
  bool is_settling(std::uint64_t number) { return local_->is_settling(number); }
  bool is_local(std::uint64_t number);
  // The numbers of local packs, in the order in which they were made.
  std::vector<std::uint64_t> local_packs();
  // Of the pack so many bytes more need not be brought there any more, or all but so many.
  void brought(std::uint64_t number, std::uint64_t bytes);
  void brought_all_but(std::uint64_t number, std::uint64_t left_bytes);
  void brought_all(std::uint64_t number) { brought_all_but(number, 0); }
  // Those that are not there count as removed.
  Status remove_local(std::span<const std::uint64_t> numbers);
  // Not in the blob store yet: of one local pack, and of all.
  std::uint64_t staged_bytes(std::uint64_t number);
  std::uint64_t backlog_bytes();

 private:
  Packs& home_of(std::uint64_t number);
  bool reserve(std::uint64_t bytes);
  void give_back(std::uint64_t bytes);
  Result<model::BlobPlace> append_beyond_backlog(Bytes frames, const Interrupt& interrupt);

  const std::unique_ptr<FilePacks> local_;
  const std::unique_ptr<ObjectPacks> far_;
  const Options options_;

  std::mutex mutex_;
  std::map<std::uint64_t, std::uint64_t> staged_bytes_;  // by number, of local packs
  std::uint64_t backlog_bytes_ = 0;                      // their sum, and what is being appended
};

}  // namespace spind::content
