// Root versions, waiting for the next one, and watches.
#include <doctest/doctest.h>

#include <poll.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "support/store/test_store.h"

namespace spind::test {
namespace {

using namespace std::chrono_literals;

bool readable(const Watch& watch, int timeout_ms) {
  pollfd entry{.fd = watch.descriptor(), .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, timeout_ms) == 1;
}

// What a watch said, to be waited for.
class Told {
 public:
  WatchCallback callback() {
    return [this](const Result<RootVersion>& now) {
      const std::lock_guard lock(mutex_);
      if (now.ok()) {
        REQUIRE(now->number > last_);
        last_ = now->number;
        ++calls_;
      } else {
        ended_ = now.code();
      }
      changed_.notify_all();
    };
  }
  void wait_for(EntryNumber number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return last_ >= number; });
  }
  EntryNumber last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  Code ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  EntryNumber last_ = 0;
  int calls_ = 0;
  Code ended_ = Code::ok;
};

}  // namespace

TEST_CASE("root version: is the last visible entry, at once and after opening again") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    TestStore store(engine);
    store.make_space("a");
    for (EntryNumber number = 2; number < 6; ++number) {
      const Space space = store.space("a");
      CHECK(space.root_version()->number == number - 1);
      REQUIRE(space.put("/x", std::to_string(number)).ok());
      CHECK(space.root_version()->number == number);
      CHECK(space.root_version().value() == RootVersion{space.info()->history, number});
      if (number % 2 == 0) store.reopen();
    }
    REQUIRE(store.space("a").update({.name = "b"}).ok());
    CHECK(store.space("a").root_version()->number == 6);
  }
}

TEST_CASE("root version: costs no look at a row once it is known, not even while others write") {
  TestStore store(MetadataEngine::memory);
  std::atomic<int> reads{0};
  store.before_kv([&](kv::MemoryCall call) {
    if (call == kv::MemoryCall::get || call == kv::MemoryCall::scan) ++reads;
    return Status();
  });
  store.reopen();
  const Space a = store.make_space("a"), b = store.make_space("b");
  REQUIRE(a.put("/x", "1").ok());
  CHECK(a.root_version()->number == 2);
  for (EntryNumber number = 3; number < 10; ++number) {
    REQUIRE(a.put("/x", "2").ok());
    REQUIRE(b.put("/x", "2").ok());
    const int before = reads;
    CHECK(a.root_version()->number == number);
    CHECK(reads == before);
  }
}

TEST_CASE("wait: answers at once where there is a later entry, and else when there is one") {
  for (const MetadataEngine engine : engines()) {
    TestStore store(engine);
    const Space space = store.make_space("a");
    CHECK(space.wait(0, 0ms)->number == 1);
    CHECK(space.wait(1, 0ms).code() == Code::deadline_exceeded);
    for (EntryNumber number = 1; number < 20; ++number) {
      std::thread writer([&] { REQUIRE(space.put("/x", std::to_string(number)).ok()); });
      CHECK(space.wait(number, 60s)->number == number + 1);
      writer.join();
    }
  }
}

TEST_CASE("wait: what nobody can see wakes nobody") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("a");
  std::atomic<bool> woken{false};
  std::thread waiter([&] {
    CHECK(space.wait(1, 60s)->number == 30);
    woken = true;
  });
  for (EntryNumber number = 2; number < 30; ++number)
    REQUIRE(space.make_folder("/", {.exist_ok = true, .request_id = std::to_string(number)}).ok());
  CHECK(space.info()->entry == 29);
  CHECK_FALSE(woken);
  REQUIRE(space.put("/x", "1").ok());
  waiter.join();
}

TEST_CASE("watch: a callback is told of what is there already, and then of every further entry") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("a");
  Told from_the_beginning, from_now;
  const Watch one = space.watch(0, from_the_beginning.callback()).value();
  const Watch two = space.watch(1, from_now.callback()).value();
  CHECK(one.descriptor() == -1);
  from_the_beginning.wait_for(1);
  for (EntryNumber number = 2; number < 10; ++number) {
    REQUIRE(space.put("/x", std::to_string(number)).ok());
    from_the_beginning.wait_for(number);
    from_now.wait_for(number);
    REQUIRE(space.make_folder("/", {.exist_ok = true}).ok());
  }
  CHECK(from_now.last() == 9);
  CHECK(space.watch(0, nullptr).code() == Code::invalid_argument);
}

TEST_CASE("watch: many changes while a callback runs are one more call, and hold up no writer") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("a");
  std::mutex busy;
  std::atomic<int> calls{0};
  std::atomic<EntryNumber> last{0};
  busy.lock();
  const Watch watch = space
                          .watch(0,
                                 [&](const Result<RootVersion>& now) {
                                   ++calls;
                                   const std::lock_guard lock(busy);
                                   if (now.ok()) last = now->number;
                                 })
                          .value();
  while (calls == 0) std::this_thread::yield();
  for (int i = 0; i < 50; ++i) REQUIRE(space.put("/x", std::to_string(i)).ok());
  CHECK(calls == 1);
  busy.unlock();
  while (last != 51) std::this_thread::yield();
  CHECK(calls == 2);
}

TEST_CASE("watch: no callback runs after it was destroyed, and one may end itself") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("a");
  for (int round = 0; round < 50; ++round) {
    bool alive = true;
    std::optional<Watch> watch = space
                                     .watch(0,
                                            [&](const Result<RootVersion>&) {
                                              REQUIRE(alive);
                                              std::this_thread::yield();
                                              REQUIRE(alive);
                                            })
                                     .value();
    REQUIRE(space.put("/x", std::to_string(round)).ok());
    watch.reset();
    alive = false;
  }
  std::mutex mutex;
  std::optional<Watch> itself;
  std::atomic<int> calls{0};
  {
    const std::lock_guard lock(mutex);
    itself = space
                 .watch(0,
                        [&](const Result<RootVersion>&) {
                          const std::lock_guard own(mutex);
                          ++calls;
                          itself.reset();
                        })
                 .value();
  }
  while (calls == 0) std::this_thread::yield();
  REQUIRE(space.put("/x", "last").ok());
  Told told;
  const Watch other = space.watch(0, told.callback()).value();
  told.wait_for(space.root_version()->number);
  CHECK(calls == 1);
}

TEST_CASE("watch: a descriptor is readable after a change, until it is cleared") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("a");
  Watch watch = space.watch(1).value();
  REQUIRE(watch.descriptor() >= 0);
  CHECK_FALSE(readable(watch, 0));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(space.put("/x", std::to_string(i)).ok());
    CHECK(readable(watch, 60'000));
    watch.clear();
    watch.clear();
    REQUIRE(space.make_folder("/", {.exist_ok = true, .request_id = std::to_string(i)}).ok());
    CHECK_FALSE(readable(watch, 20));
  }
  CHECK(readable(space.watch(0).value(), 60'000));
}

TEST_CASE("watch: closing the store ends all waiting with unavailable") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("a");
  Told told;
  const Watch by_callback = space.watch(1, told.callback()).value();
  const Watch by_descriptor = space.watch(1).value();
  std::atomic<bool> waits{false};
  Code code = Code::ok;
  std::thread waiter([&] {
    waits = true;
    code = space.wait(1, std::chrono::hours(1)).code();
  });
  while (!waits) std::this_thread::yield();
  store.close();
  waiter.join();
  CHECK(code == Code::unavailable);
  CHECK(told.ended() == Code::unavailable);
  CHECK(told.calls() == 0);
  CHECK(readable(by_descriptor, 0));
  CHECK(space.wait(0, 0ms).code() == Code::unavailable);
  CHECK(space.watch(0).code() == Code::unavailable);
  CHECK(space.root_version().code() == Code::unavailable);
  CHECK(space.changes("").code() == Code::unavailable);
}

TEST_CASE("watch: needs a session that may still act when it is made, and outlives that") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("a");
  SessionOptions options{.user = "ada"};
  options.cancel.emplace();
  const Space cancelled = store.store().session(options).value().space(space.id()).value();
  Told told;
  const Watch watch = cancelled.watch(0, told.callback()).value();
  options.cancel->cancel();
  CHECK(cancelled.watch(0).code() == Code::cancelled);
  // One that stands goes on.
  REQUIRE(space.put("/x", "1").ok());
  told.wait_for(2);
}

}  // namespace spind::test
