#include "kv/group_sync.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <iterator>

namespace spind::kv {

GroupSync::GroupSync(Backend& backend, Clock& clock, Observer* observer)
    : backend_(backend),
      clock_(clock),
      observer_(observer),
      line_(0),
      next_(std::make_shared<SyncGroup>()),
      durable_(backend.snapshot()) {
  line_ = CommitLine(durable_->ticket());
  published_ = durable_->ticket();
  latest_ = durable_->ticket();
  next_->invite();
}

void GroupSync::written(TicketRange tickets, std::size_t bodies, std::vector<Row> announced) {
  const std::lock_guard lock(mutex_);
  line_.report(tickets, bodies, std::move(announced));
  latest_.store(line_.latest(), std::memory_order_release);
  unsynced_.store(line_.bodies(), std::memory_order_relaxed);
  if (leader_waits_ || (gathers_ != 0 && line_.bodies() >= gathers_)) changed_.notify_all();
}

Status GroupSync::wait(Ticket ticket, std::int64_t deadline_monotonic_ns) {
  for (;;) {
    if (published_.load(std::memory_order_acquire) >= ticket && !any_lost_) return {};
    GroupRef group;
    {
      const std::lock_guard lock(mutex_);
      if (auto verdict = verdict_locked(ticket)) return std::move(*verdict);
      group = running_ && ticket <= running_target_ ? running_ : next_;
    }
    switch (group->join(clock_, deadline_monotonic_ns)) {
      case SyncGroup::Role::leader: lead(group); break;
      case SyncGroup::Role::served: break;
      case SyncGroup::Role::late:
        return Error{Code::deadline_exceeded, "the commit was not yet durable at the deadline"};
    }
  }
}

std::optional<Status> GroupSync::verdict(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return verdict_locked(ticket);
}

std::optional<Status> GroupSync::verdict_locked(Ticket ticket) const {
  const auto holds = [ticket](const TicketRange& range) {
    return range.first <= ticket && ticket <= range.last;
  };
  if (std::any_of(lost_.begin(), lost_.end(), holds))
    return Error{Code::no_space, "the device was full before the commit became durable"};
  if (ticket <= published_.load(std::memory_order_relaxed)) return Status{};
  if (ticket > line_.latest()) return Error{Code::invalid_argument, "no such ticket"};
  if (failed_) return backend_.health().status();
  return std::nullopt;
}

void GroupSync::lead(const GroupRef& group) {
  gather();
  SnapshotRef snapshot = backend_.snapshot();
  if (snapshot == nullptr || !begin_round(group, snapshot->ticket())) return;
  const std::int64_t start_ns = clock_.monotonic_ns();
  Status synced = backend_.sync();
  if (!synced.ok()) {
    backend_.health().take(synced.error());
    fail();
  } else {
    finish_round(snapshot, clock_.monotonic_ns() - start_ns);
  }
  end_round(group);
}

void GroupSync::gather() {
  std::unique_lock lock(mutex_);
  const Gathering::Plan plan = gathering_.plan();
  if (line_.bodies() >= plan.commits || failed_) return;
  gathers_ = plan.commits;
  const bool came = changed_.wait_for(lock, std::chrono::nanoseconds(plan.patience_ns),
                                      [&] { return failed_ || line_.bodies() >= plan.commits; });
  gathers_ = 0;
  gathering_.waited(came);
}

// A group that fail() dismissed is not the next one any more, and its leader's snapshot may be of a
// backend that was opened anew since.
bool GroupSync::begin_round(const GroupRef& group, Ticket target) {
  const std::lock_guard lock(mutex_);
  if (group != next_) return false;
  running_ = group;
  running_target_ = target;
  next_ = std::make_shared<SyncGroup>();
  return true;
}

// The sync is done. Writers whose commits the snapshot shows have been in the log for that long, so
// the wait for their reports is short.
bool GroupSync::finish_round(const SnapshotRef& snapshot, std::int64_t sync_ns) {
  std::vector<CommitLine::Commit> commits;
  {
    std::unique_lock lock(mutex_);
    leader_waits_ = true;
    changed_.wait(lock, [&] { return failed_ || line_.reported_until() >= running_target_; });
    leader_waits_ = false;
    if (line_.reported_until() < running_target_) return false;
    commits = line_.take(running_target_);
    unsynced_.store(line_.bodies(), std::memory_order_relaxed);
    std::size_t bodies = 0;
    for (const CommitLine::Commit& commit : commits) bodies += commit.bodies;
    count_round(bodies, sync_ns);
  }
  std::vector<Row> rows;
  for (CommitLine::Commit& commit : commits)
    std::move(commit.announced.begin(), commit.announced.end(), std::back_inserter(rows));
  publish(snapshot, rows);
  return true;
}

void GroupSync::publish(SnapshotRef snapshot, std::span<const Row> rows) {
  const Ticket ticket = snapshot->ticket();
  if (observer_ != nullptr) observer_->publishing(ticket, rows);
  {
    const std::lock_guard lock(durable_mutex_);
    durable_.swap(snapshot);  // the old one is released outside of the lock
  }
  // Before the writers: they find what the observer makes of their own commits.
  if (observer_ != nullptr) observer_->published(ticket);
  published_.store(ticket, std::memory_order_release);
}

// The next leader is called before the served ones are woken: the device should not idle.
void GroupSync::end_round(const GroupRef& group) {
  GroupRef next;
  {
    const std::lock_guard lock(mutex_);
    running_.reset();
    if (!failed_) next = next_;
    changed_.notify_all();
  }
  if (next) next->invite();
  group->finish();
}

SnapshotRef GroupSync::durable() const {
  const std::lock_guard lock(durable_mutex_);
  return durable_;
}

void GroupSync::fail() {
  GroupRef dismissed = std::make_shared<SyncGroup>();
  {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    dismissed.swap(next_);
    changed_.notify_all();
  }
  dismissed->finish();
}

void GroupSync::settle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return running_ == nullptr; });
}

void GroupSync::resume() {
  SnapshotRef snapshot = backend_.snapshot();
  {
    const std::lock_guard lock(mutex_);
    const Ticket first_lost = published_.load(std::memory_order_relaxed) + 1;
    if (first_lost <= line_.latest()) {
      lost_.push_back({first_lost, line_.latest()});
      any_lost_ = true;
    }
    line_ = CommitLine(snapshot->ticket());
    latest_.store(snapshot->ticket(), std::memory_order_release);
    unsynced_.store(0, std::memory_order_relaxed);
  }
  // Whether a lost commit's rows survived nobody has heard.
  if (observer_ != nullptr) observer_->reopened();
  publish(std::move(snapshot), {});
  const std::lock_guard lock(mutex_);
  failed_ = false;
  next_->invite();
}

void GroupSync::count_round(std::size_t commits, std::int64_t sync_ns) {
  gathering_.round_done(commits, line_.bodies(), sync_ns);
  ++counts_.syncs;
  if (commits == 0) return;
  counts_.sync_group_commits += commits;
  const auto bucket = static_cast<std::size_t>(std::bit_width(commits) - 1);
  ++counts_.sync_group_buckets[std::min<std::size_t>(bucket, 15)];
}

void GroupSync::measure(Store::Metrics& metrics) const {
  const std::lock_guard lock(mutex_);
  metrics.syncs = counts_.syncs;
  metrics.sync_group_commits = counts_.sync_group_commits;
  std::copy(std::begin(counts_.sync_group_buckets), std::end(counts_.sync_group_buckets),
            std::begin(metrics.sync_group_buckets));
}

}  // namespace spind::kv
