// Those who want to know when a space has changed: threads that sleep until then, and watches that
// are told. Knows that something changed and not what: whoever is told looks.
//
// A group sync wakes the sleepers itself, and hands the watches to one thread of the store, so that
// a slow one holds up others of its kind and nothing else.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/threads.h"
#include "kv/futex.h"
#include "kv/kv.h"
#include "space/space_hash.h"

namespace spind::space {

// Thread-safe.
class Watchers final : public kv::Observer {
 public:
  explicit Watchers(Threads& threads) : threads_(threads) {}
  ~Watchers() override { close(); }

  // A thread that looks at a space again whenever it changed:
  //
  //   Sleeper sleeper(watchers, space);
  //   for (;;) {
  //     const std::uint32_t seen = sleeper.seen();
  //     if (... the space is as wanted, or sleeper.closed() ...) return;
  //     sleeper.sleep(seen, timeout_ns);
  //   }
  class Sleeper {
   public:
    Sleeper(Watchers& watchers, const SpaceId& space);
    ~Sleeper();
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;

    // Another one after each change.
    std::uint32_t seen() const;
    // Returns early when the space has changed since `seen`, and when all is closed.
    void sleep(std::uint32_t seen, std::int64_t timeout_ns) const;
    bool closed() const;

   private:
    Watchers& watchers_;
    const SpaceId space_;
    kv::FutexWord* changes_;
  };

  // `tell` is called from a thread of the store, one call at a time: soon, after changes (once for
  // many), and a last time when all is closed.
  class Watch;
  using WatchRef = std::shared_ptr<Watch>;
  // Null: it is closed.
  WatchRef add(const SpaceId& space, std::function<void()> tell);
  // `tell` does not run any more when this returns, unless it is `tell` that calls it.
  void remove(const WatchRef& watch);

  // Wakes all, tells all a last time, and returns when nothing runs any more.
  void close();

  void publishing(kv::Ticket ticket, std::span<const kv::Row> rows) override;
  void published(kv::Ticket ticket) override;
  // What changed was not announced: all look.
  void reopened() override { all_changed_ = true; }

 private:
  // A space that somebody watches.
  struct Watched {
    kv::FutexWord changes{0};
    std::size_t sleepers = 0;
    std::unordered_set<WatchRef> watches;
  };

  void announce(Watched& watched);
  void make_due(const WatchRef& watch);
  void forget_if_unwatched(const SpaceId& space);
  void run();

  Threads& threads_;
  std::vector<SpaceId> announced_;  // not yet published; of the thread that publishes
  bool all_changed_ = false;        // likewise

  mutable std::mutex mutex_;  // guards what follows
  bool closed_ = false;
  std::unordered_map<SpaceId, Watched, SpaceHash> spaces_;
  std::deque<WatchRef> due_;
  std::condition_variable due_changed_;
  WatchRef told_;  // the one that is being told
  std::thread::id teller_;
  std::condition_variable told_changed_;
  std::unique_ptr<Thread> thread_;  // started with the first watch
};

}  // namespace spind::space
