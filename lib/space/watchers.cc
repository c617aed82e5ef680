#include "space/watchers.h"

#include <utility>

namespace spind::space {

class Watchers::Watch {
 public:
  Watch(const SpaceId& of, std::function<void()> how) : space(of), tell(std::move(how)) {}

  const SpaceId space;
  const std::function<void()> tell;
  bool due = false;      // guarded by the watchers' mutex
  bool removed = false;  // likewise
};

// ---- sleepers ----

Watchers::Sleeper::Sleeper(Watchers& watchers, const SpaceId& space)
    : watchers_(watchers), space_(space) {
  const std::lock_guard lock(watchers_.mutex_);
  Watched& watched = watchers_.spaces_[space_];
  ++watched.sleepers;
  changes_ = &watched.changes;
}

Watchers::Sleeper::~Sleeper() {
  const std::lock_guard lock(watchers_.mutex_);
  --watchers_.spaces_.at(space_).sleepers;
  watchers_.forget_if_unwatched(space_);
}

std::uint32_t Watchers::Sleeper::seen() const { return changes_->load(std::memory_order_acquire); }

void Watchers::Sleeper::sleep(std::uint32_t seen, std::int64_t timeout_ns) const {
  kv::futex_wait(*changes_, seen, timeout_ns);
}

bool Watchers::Sleeper::closed() const {
  const std::lock_guard lock(watchers_.mutex_);
  return watchers_.closed_;
}

// ---- watches ----

Watchers::WatchRef Watchers::add(const SpaceId& space, std::function<void()> tell) {
  auto watch = std::make_shared<Watch>(space, std::move(tell));
  const std::lock_guard lock(mutex_);
  if (closed_) return nullptr;
  if (thread_ == nullptr) thread_ = threads_.start("spind-watch", [this] { run(); });
  spaces_[space].watches.insert(watch);
  make_due(watch);
  return watch;
}

void Watchers::remove(const WatchRef& watch) {
  std::unique_lock lock(mutex_);
  watch->removed = true;
  if (const auto found = spaces_.find(watch->space); found != spaces_.end()) {
    found->second.watches.erase(watch);
    forget_if_unwatched(watch->space);
  }
  if (teller_ == std::this_thread::get_id()) return;
  told_changed_.wait(lock, [&] { return told_ != watch; });
}

void Watchers::make_due(const WatchRef& watch) {
  if (std::exchange(watch->due, true)) return;
  due_.push_back(watch);
  due_changed_.notify_one();
}

void Watchers::forget_if_unwatched(const SpaceId& space) {
  const auto found = spaces_.find(space);
  if (found->second.sleepers == 0 && found->second.watches.empty()) spaces_.erase(found);
}

void Watchers::run() {
  std::unique_lock lock(mutex_);
  teller_ = std::this_thread::get_id();
  for (;;) {
    due_changed_.wait(lock, [this] { return closed_ || !due_.empty(); });
    if (due_.empty()) return;
    told_ = std::move(due_.front());
    due_.pop_front();
    // From here on a change makes it due again: the telling may have looked before it.
    told_->due = false;
    if (!told_->removed) {
      lock.unlock();
      told_->tell();
      lock.lock();
    }
    // What the watch holds may be the last of its kind, and is let go under no lock.
    WatchRef done = std::exchange(told_, nullptr);
    told_changed_.notify_all();
    lock.unlock();
    done.reset();
    lock.lock();
  }
}

void Watchers::close() {
  std::unique_ptr<Thread> thread;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
    for (auto& [space, watched] : spaces_) announce(watched);
    due_changed_.notify_all();
    thread = std::move(thread_);
  }
  thread.reset();
}

// ---- what the store announces ----

void Watchers::publishing(kv::Ticket, std::span<const kv::Row> rows) {
  add_changed(rows, announced_);
}

void Watchers::published(kv::Ticket) {
  const std::vector<SpaceId> changed = std::exchange(announced_, {});
  const bool all = std::exchange(all_changed_, false);
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  if (all)
    for (auto& [space, watched] : spaces_) announce(watched);
  for (const SpaceId& space : changed)
    if (const auto found = spaces_.find(space); found != spaces_.end()) announce(found->second);
}

void Watchers::announce(Watched& watched) {
  watched.changes.fetch_add(1, std::memory_order_release);
  if (watched.sleepers > 0) kv::futex_wake_all(watched.changes);
  for (const WatchRef& watch : watched.watches) make_due(watch);
}

}  // namespace spind::space
