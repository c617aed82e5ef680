// The store over any backend: runs bodies that own partitions, and makes their commits durable in
// groups.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <shared_mutex>

#include "base/clock.h"
#include "base/threads.h"
#include "kv/backend.h"
#include "kv/durable_callbacks.h"
#include "kv/group_sync.h"
#include "kv/partition_locks.h"

namespace spind::kv {

class BodyTransaction;

// Thread-safe.
class PartitionedStore final : public Store {
 public:
  // The references and the observer must outlive the store.
  PartitionedStore(std::unique_ptr<Backend> backend, Threads& threads, Clock& clock,
                   Observer* observer);
  // Syncs what was written.
  ~PartitionedStore() override;

  Answer update(std::vector<std::string> partitions, const Body& body) override;
  Status wait(Ticket ticket, std::int64_t deadline_monotonic_ns) override;
  Status catch_up(std::int64_t deadline_monotonic_ns) override;
  std::optional<Status> verdict(Ticket ticket) override;
  void on_durable(Ticket ticket, std::function<void(Status)> done) override;
  SnapshotRef durable() override { return sync_.durable(); }
  Ticket oldest_snapshot() override { return backend_->oldest_snapshot(); }
  Ticket latest() override { return sync_.latest(); }
  Status checkpoint(const std::string& folder) override;
  Status forget_replaced(std::span<const Range> ranges) override;
  Status health() override { return backend_->health().status(); }
  Metrics metrics() override;

 private:
  // An update of one partition, in its line.
  struct Request : Turn {
    const Body* body = nullptr;
    Answer answer;
    // Not empty: it needs more partitions, and was not run to its end.
    std::vector<std::string> needs;
    // What came out of it instead of an answer. It belongs to who brought the body, not to who ran
    // it.
    std::exception_ptr thrown;
  };

  Status admit();
  Status revive();
  Answer run_in_turn(std::vector<std::string>& partitions, const Body& body);
  void run_turns(std::span<const std::string> partitions, std::span<Turn* const> turns);
  bool run_request(std::span<const std::string> partitions, Request& request, WriteSet& together);
  Answer run_alone(std::vector<std::string>& partitions, const Body& body);
  Status admit_writes(const BodyTransaction& transaction);
  Answer write(const WriteSet& writes, std::size_t bodies);
  Answer refuse(Error error);

  std::unique_ptr<Backend> backend_;
  Clock& clock_;
  PartitionLocks locks_;
  GroupSync sync_;
  std::unique_ptr<DurableCallbacks> callbacks_;

  // Shared by those who touch the backend's latest state, exclusive for opening it anew.
  std::shared_mutex gate_;
  std::mutex revive_mutex_;
  std::int64_t next_revive_ns_ = 0;  // guarded by revive_mutex_

  std::atomic<std::uint64_t> commits_{0}, refusals_{0}, reruns_{0}, rows_written_{0},
      bytes_written_{0};
};

}  // namespace spind::kv
