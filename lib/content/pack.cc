#include "content/pack.h"

#include "base/try.h"

namespace spind::content {

Result<std::uint64_t> Pack::append(Bytes bytes) {
  const std::lock_guard order(append_mutex_);
  std::uint64_t offset = 0;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || given_up_ || end_ + bytes.size() > kPackBytesMax)
      return Error{Code::conflict, "the pack takes no more"};
    offset = end_;
    // From here on, so that no account is taken without what is being appended.
    ++unsettled_;
  }
  if (Status appended = file_->append(bytes); !appended.ok()) {
    // What was written of it is cut, so that the next append begins where its row will say.
    const bool cut = file_->truncate(offset).ok();
    const std::lock_guard lock(mutex_);
    given_up_ = given_up_ || !cut;
    --unsettled_;
    return std::move(appended).error();
  }
  const std::lock_guard lock(mutex_);
  end_ = offset + bytes.size();
  ++appends_;
  return offset;
}

Status Pack::wait_synced(std::uint64_t end) {
  std::unique_lock lock(mutex_);
  while (synced_ < end) {
    if (sync_error_) return *sync_error_;
    if (syncing_) {
      synced_changed_.wait(lock);
      continue;
    }
    syncing_ = true;
    const std::uint64_t goal = end_;
    const std::uint64_t appends = appends_;
    lock.unlock();
    Status synced = file_->sync();
    lock.lock();
    syncing_ = false;
    ++syncs_;
    if (synced.ok()) {
      synced_ = goal;
      appends_synced_ = appends;
    } else {
      sync_error_ = std::move(synced).error();
      given_up_ = true;
    }
    synced_changed_.notify_all();
  }
  return {};
}

void Pack::settle_used(kv::Ticket ticket) {
  const std::lock_guard lock(mutex_);
  --unsettled_;
  tickets_.push_back(ticket);
}

void Pack::settle_dead(std::uint64_t stored_bytes) {
  const std::lock_guard lock(mutex_);
  --unsettled_;
  dead_bytes_ += stored_bytes;
}

void Pack::count_dead(std::uint64_t stored_bytes, kv::Ticket ticket) {
  const std::lock_guard lock(mutex_);
  dead_bytes_ += stored_bytes;
  tickets_.push_back(ticket);
}

void Pack::settle_unknown() {
  const std::lock_guard lock(mutex_);
  --unsettled_;
  given_up_ = true;
}

void Pack::give_up() {
  const std::lock_guard lock(mutex_);
  given_up_ = true;
}

bool Pack::given_up() {
  const std::lock_guard lock(mutex_);
  return given_up_;
}

bool Pack::close() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(closed_, true);
}

std::optional<Pack::Account> Pack::take_account() {
  const std::lock_guard lock(mutex_);
  if (!closed_ || given_up_ || unsettled_ > 0 || std::exchange(accounted_, true))
    return std::nullopt;
  return Account{end_, dead_bytes_, std::move(tickets_)};
}

std::size_t Pack::unsettled() {
  const std::lock_guard lock(mutex_);
  return unsettled_;
}

SyncCounts Pack::sync_counts() {
  const std::lock_guard lock(mutex_);
  return {syncs_, appends_synced_};
}

}  // namespace spind::content
