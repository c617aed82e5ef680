#include "kv/partitioned_store.h"

#include <iterator>

#include "base/try.h"
#include "kv/body_transaction.h"
#include "kv/limits.h"

namespace spind::kv {

PartitionedStore::PartitionedStore(std::unique_ptr<Backend> backend, Threads& threads, Clock& clock,
                                   Observer* observer)
    : backend_(std::move(backend)),
      clock_(clock),
      sync_(*backend_, clock, observer),
      callbacks_(std::make_unique<DurableCallbacks>(sync_, threads)) {}

PartitionedStore::~PartitionedStore() {
  callbacks_.reset();
  // A failure is nobody's any more: who needed the commits durable has waited for them.
  (void)sync_.wait(sync_.latest(), 0);
}

Answer PartitionedStore::update(std::vector<std::string> partitions, const Body& body) {
  if (Status admitted = admit(); !admitted.ok()) return refuse(std::move(admitted).error());
  Answer answer;
  {
    const std::shared_lock open(gate_);
    // It may have become full, and not come back, before the gate was passed.
    if (!backend_->health().ok()) return refuse(backend_->health().status().error());
    answer = partitions.size() == 1 ? run_in_turn(partitions, body) : run_alone(partitions, body);
  }
  // Without partitions held, so that others go on meanwhile; the next wait tells what came of it.
  if (sync_.unsynced_commits() > kUnsyncedCommitsMax) (void)sync_.wait(answer.ticket, 0);
  return answer;
}

Answer PartitionedStore::run_in_turn(std::vector<std::string>& partitions, const Body& body) {
  Request request;
  request.body = &body;
  auto& line = locks_.line_up(partitions.front(), request);
  if (request.leads()) {
    const std::vector<Turn*> turns = locks_.take_turns(line, kTurnsMax);
    try {
      run_turns(partitions, turns);
    } catch (...) {
      for (Turn* turn : turns) static_cast<Request&>(*turn).thrown = std::current_exception();
    }
    locks_.end_turns(line, turns);
  }
  if (request.thrown) std::rethrow_exception(request.thrown);
  if (request.needs.empty()) return std::move(request.answer);
  std::move(request.needs.begin(), request.needs.end(), std::back_inserter(partitions));
  return run_alone(partitions, body);
}

// One commit for all, or several where they write much. An answer rests on what the bodies before
// have written, so it is given when that is written, with its ticket.
void PartitionedStore::run_turns(std::span<const std::string> partitions,
                                 std::span<Turn* const> turns) {
  WriteSet together;
  std::size_t bodies = 0, first = 0;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (run_request(partitions, static_cast<Request&>(*turns[i]), together)) ++bodies;
    if (together.size_bytes() < kTogetherBytesMax && i + 1 < turns.size()) continue;
    const Answer written = write(together, bodies);
    together.clear();
    bodies = 0;
    for (; first <= i; ++first) {
      Answer& answer = static_cast<Request&>(*turns[first]).answer;
      answer.ticket = written.ticket;
      if (!written.status.ok()) answer.status = written.status.error();
    }
  }
}

// Whether it commits.
bool PartitionedStore::run_request(std::span<const std::string> partitions, Request& request,
                                   WriteSet& together) {
  BodyTransaction transaction(*backend_, partitions, together);
  Outcome outcome;
  try {
    outcome = (*request.body)(transaction);
  } catch (...) {
    request.thrown = std::current_exception();
    return false;
  }
  if (auto* need = std::get_if<Need>(&outcome)) {
    request.needs = std::move(need->partitions);
    reruns_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  Status status;
  if (auto* error = std::get_if<Error>(&outcome))
    status = std::move(*error);
  else
    status = admit_writes(transaction);
  if (!status.ok()) {
    request.answer = refuse(std::move(status).error());
    return false;
  }
  commits_.fetch_add(1, std::memory_order_relaxed);
  if (together.empty())
    together = std::move(transaction.writes());
  else
    together.add(transaction.writes());
  return true;
}

// Runs the body until it owns all that it needs.
Answer PartitionedStore::run_alone(std::vector<std::string>& partitions, const Body& body) {
  const WriteSet nothing;
  for (int runs = 0; runs < kBodyRunsMax; ++runs) {
    normalise(partitions);
    const PartitionLocks::Held held = locks_.acquire(partitions);
    BodyTransaction transaction(*backend_, partitions, nothing);
    Outcome outcome = body(transaction);
    if (auto* error = std::get_if<Error>(&outcome)) return refuse(std::move(*error));
    if (std::holds_alternative<Commit>(outcome)) {
      if (Status room = admit_writes(transaction); !room.ok())
        return refuse(std::move(room).error());
      commits_.fetch_add(1, std::memory_order_relaxed);
      return write(transaction.writes(), 1);
    }
    auto& needed = std::get<Need>(outcome).partitions;
    partitions.insert(partitions.end(), std::make_move_iterator(needed.begin()),
                      std::make_move_iterator(needed.end()));
    reruns_.fetch_add(1, std::memory_order_relaxed);
  }
  return refuse({Code::aborted, "the transaction kept asking for more partitions"});
}

Status PartitionedStore::admit_writes(const BodyTransaction& transaction) {
  if (transaction.writes().empty()) return {};
  SPIND_TRY(backend_->health().status());
  return backend_->admit(transaction.uses_reserve());
}

// Still owning the partitions: a later owner's commit must get a later ticket.
Answer PartitionedStore::write(const WriteSet& writes, std::size_t bodies) {
  if (writes.empty()) return {Status{}, sync_.latest()};
  // Before it is written: a commit that is there and never reported would hold up every sync.
  std::vector<Row> announced = writes.announced_rows();
  Result<TicketRange> tickets = backend_->write(writes);
  if (!tickets.ok()) {
    backend_->health().take(tickets.error());
    sync_.fail();
    return refuse(std::move(tickets).error());
  }
  rows_written_.fetch_add(writes.writes().size(), std::memory_order_relaxed);
  bytes_written_.fetch_add(writes.size_bytes(), std::memory_order_relaxed);
  sync_.written(*tickets, bodies, std::move(announced));
  return {Status{}, tickets->last};
}

Answer PartitionedStore::refuse(Error error) {
  refusals_.fetch_add(1, std::memory_order_relaxed);
  return {std::move(error), sync_.latest()};
}

Status PartitionedStore::wait(Ticket ticket, std::int64_t deadline_monotonic_ns) {
  return sync_.wait(ticket, deadline_monotonic_ns);
}

Status PartitionedStore::catch_up(std::int64_t deadline_monotonic_ns) {
  // Where there is no room yet, all may be durable nevertheless.
  if (backend_->health().full()) (void)revive();
  return sync_.wait(sync_.latest(), deadline_monotonic_ns);
}

std::optional<Status> PartitionedStore::verdict(Ticket ticket) { return sync_.verdict(ticket); }

void PartitionedStore::on_durable(Ticket ticket, std::function<void(Status)> done) {
  callbacks_->add(ticket, std::move(done));
}

Status PartitionedStore::admit() {
  if (backend_->health().ok()) return {};
  return backend_->health().full() ? revive() : backend_->health().status();
}

// When there is room again, the backend is opened anew: what it holds in memory may have missed
// writes that failed half way.
Status PartitionedStore::revive() {
  const std::lock_guard one(revive_mutex_);
  if (!backend_->health().full()) return backend_->health().status();
  if (clock_.monotonic_ns() < next_revive_ns_) return backend_->health().status();
  SPIND_TRY(backend_->admit(false));
  const std::unique_lock closed(gate_);
  sync_.fail();
  sync_.settle();
  if (Status opened = backend_->reopen(sync_.latest() + 1); !opened.ok()) {
    next_revive_ns_ = clock_.monotonic_ns() + kReopenPauseNs;
    return opened;
  }
  backend_->health().revive();
  sync_.resume();
  return backend_->health().status();
}

Status PartitionedStore::checkpoint(const std::string& folder) {
  const std::shared_lock open(gate_);
  SPIND_TRY(backend_->health().status());
  return backend_->checkpoint(folder);
}

Status PartitionedStore::forget_replaced(std::span<const Range> ranges) {
  const std::shared_lock open(gate_);
  SPIND_TRY(backend_->health().status());
  return backend_->forget_replaced(ranges);
}

Store::Metrics PartitionedStore::metrics() {
  Metrics metrics;
  metrics.commits = commits_.load(std::memory_order_relaxed);
  metrics.refusals = refusals_.load(std::memory_order_relaxed);
  metrics.reruns = reruns_.load(std::memory_order_relaxed);
  metrics.rows_written = rows_written_.load(std::memory_order_relaxed);
  metrics.bytes_written = bytes_written_.load(std::memory_order_relaxed);
  metrics.poisoned = backend_->health().poisoned();
  sync_.measure(metrics);
  backend_->measure(metrics);
  return metrics;
}

}  // namespace spind::kv
