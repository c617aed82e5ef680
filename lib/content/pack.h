// A pack that this run of the store appends to: frames of many pieces in one file, so that many
// uploads share one sync.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "content/packs.h"

namespace spind::content {

// Thread-safe.
class Pack {
 public:
  Pack(std::uint64_t number, std::unique_ptr<File> file, std::uint64_t end_bytes)
      : number_(number), file_(std::move(file)), end_(end_bytes), synced_(end_bytes) {}

  std::uint64_t number() const { return number_; }

  // Appends, not yet durable, and says at what offset. Full: no_space is of the device; a pack that
  // has no room, or was given up or closed, answers conflict, and another is to be taken.
  Result<std::uint64_t> append(Bytes bytes);
  // Returns when all before `end` is durable. One of those who wait syncs for all. After a failed
  // sync the pack is given up.
  Status wait_synced(std::uint64_t end);

  // What was appended is referred to by the commit of `ticket`, or is dead.
  void settle_used(kv::Ticket ticket);
  void settle_dead(std::uint64_t stored_bytes);
  // What was settled as used has died, by the commit of `ticket`.
  void count_dead(std::uint64_t stored_bytes, kv::Ticket ticket);
  // Nobody knows whether a row refers to it: the pack stays open for the collector of a later run.
  void settle_unknown();
  void give_up();
  bool given_up();
  // No more appends. Whether this was the call that closed it.
  bool close();

  // What the pack's row may say once it is closed and every append is settled.
  struct Account {
    std::uint64_t end_bytes = 0;
    std::uint64_t dead_bytes = 0;
    std::vector<kv::Ticket> tickets;  // of the commits that use the rest
  };
  // Once, for the caller who is to write the row; none if it is not closed, not settled, given up,
  // or was taken before.
  std::optional<Account> take_account();

  std::size_t unsettled();
  SyncCounts sync_counts();

 private:
  const std::uint64_t number_;
  const std::unique_ptr<File> file_;

  std::mutex append_mutex_;  // the order of appends; before mutex_
  std::mutex mutex_;
  std::condition_variable synced_changed_;
  std::uint64_t end_;  // of whole appends
  std::uint64_t synced_;
  std::uint64_t appends_ = 0, appends_synced_ = 0, syncs_ = 0;
  bool syncing_ = false;
  bool closed_ = false;
  bool accounted_ = false;
  bool given_up_ = false;
  std::optional<Error> sync_error_;
  std::size_t unsettled_ = 0;
  std::uint64_t dead_bytes_ = 0;
  std::vector<kv::Ticket> tickets_;
};

}  // namespace spind::content
