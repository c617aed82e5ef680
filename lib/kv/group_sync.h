// From written to durable: one waiter leads a sync for all, and readers get a new snapshot.
//
// A round: take a snapshot, sync, tell the observer what the snapshot announces, publish it, wake
// the waiters. What a commit wrote before the snapshot was taken is covered by the sync after it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "kv/backend.h"
#include "kv/commit_line.h"
#include "kv/gathering.h"
#include "kv/sync_group.h"

namespace spind::kv {

// Thread-safe.
class GroupSync {
 public:
  GroupSync(Backend& backend, Clock& clock, Observer* observer);

  // What `bodies` bodies wrote was written, by one commit that still owns its partitions.
  void written(TicketRange tickets, std::size_t bodies, std::vector<Row> announced);
  Status wait(Ticket ticket, std::int64_t deadline_monotonic_ns);
  // What wait would answer now; nothing while the ticket is neither durable nor lost.
  std::optional<Status> verdict(Ticket ticket) const;

  SnapshotRef durable() const;
  Ticket latest() const { return latest_.load(std::memory_order_acquire); }
  std::size_t unsynced_commits() const { return unsynced_.load(std::memory_order_relaxed); }

  // The backend is not well: no more syncs, and waiters learn why.
  void fail();
  // Returns when no round runs any more. Only after fail().
  void settle();
  // The backend was opened anew at latest() + 1, a ticket of its own for the state found, so
  // that answers can rest on it; tickets that no sync had covered are lost for good,
  // whatever became of their rows. Only after settle().
  void resume();

  void measure(Store::Metrics& metrics) const;

 private:
  using GroupRef = std::shared_ptr<SyncGroup>;

  std::optional<Status> verdict_locked(Ticket ticket) const;
  void lead(const GroupRef& group);
  void gather();
  bool begin_round(const GroupRef& group, Ticket target);
  bool finish_round(const SnapshotRef& snapshot, std::int64_t sync_ns);
  void end_round(const GroupRef& group);
  void publish(SnapshotRef snapshot, std::span<const Row> rows);
  void count_round(std::size_t commits, std::int64_t sync_ns);

  Backend& backend_;
  Clock& clock_;
  Observer* const observer_;

  std::atomic<Ticket> published_{0};
  std::atomic<Ticket> latest_{0};
  std::atomic<std::size_t> unsynced_{0};
  std::atomic<bool> any_lost_{false};

  mutable std::mutex mutex_;  // guards what follows
  CommitLine line_;
  GroupRef running_;  // the group of the round that runs, if one does
  Ticket running_target_ = 0;
  GroupRef next_;  // the group of the round after it
  bool failed_ = false;
  std::vector<TicketRange> lost_;
  std::condition_variable changed_;  // a round ended, or failed; the line is as long as awaited
  bool leader_waits_ = false;        // for commits that its snapshot shows to report
  std::size_t gathers_ = 0;          // the length of the line that a leader waits for
  Gathering gathering_;
  Store::Metrics counts_;

  mutable std::mutex durable_mutex_;
  SnapshotRef durable_;
};

}  // namespace spind::kv
