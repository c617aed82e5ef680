// Threads that wait and watches beside threads that write: nothing is missed, nothing told twice,
// and nobody sees what is not durable.
#include <doctest/doctest.h>

#include <poll.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <thread>

#include "support/store/feed.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

using namespace std::chrono_literals;

constexpr int kWriters = 3, kFollowers = 4;

// Follows a space by its feed until it has seen `entries` entries; what is wrong with them, or "".
std::string follow(const Space& space, EntryNumber entries) {
  std::string cursor;
  EntryNumber last = 0;
  while (last < entries) {
    const Result<ChangePage> page = space.changes(cursor, {.count_max = 7});
    if (!page.ok()) return page.error().to_string();
    for (const ChangeEvent& event : page->events) {
      if (event.entry != last + 1)
        return "after " + std::to_string(last) + ": " + event_text(event);
      last = event.entry;
    }
    cursor = page->cursor;
    if (page->more || last >= entries) continue;
    const Result<RootVersion> now = space.wait(page->number, 60s);
    if (!now.ok()) return now.error().to_string();
    if (now->number <= page->number) return "woken by nothing";
  }
  return last == entries ? "" : "too many entries";
}

void write(const Space& space, int writer, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string name = "/" + std::to_string(writer) + "-" + std::to_string(i % 5);
    REQUIRE(space.put(name, std::to_string(i)).ok());
  }
}

std::ptrdiff_t threads_of_process() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

}  // namespace

TEST_CASE("watchers: those who follow a space see every entry once, in order, beside its writers") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    TestStore store(engine);
    const Space space = store.make_space("followed");
    const std::uint64_t count = scaled(100, 500, 20'000);
    const EntryNumber entries = 1 + kWriters * count;
    std::atomic<EntryNumber> told{0};
    std::atomic<bool> backwards{false};
    const Watch watch = space
                            .watch(0,
                                   [&](const Result<RootVersion>& now) {
                                     if (!now.ok()) return;
                                     if (now->number <= told) backwards = true;
                                     told = now->number;
                                   })
                            .value();
    std::vector<std::string> wrong(kFollowers);
    std::vector<std::thread> threads;
    for (int i = 0; i < kFollowers; ++i)
      threads.emplace_back([&, i] { wrong[static_cast<std::size_t>(i)] = follow(space, entries); });
    for (int i = 0; i < kWriters; ++i) threads.emplace_back([&, i] { write(space, i, count); });
    for (std::thread& thread : threads) thread.join();
    for (const std::string& one : wrong) CHECK(one == "");
    while (told != entries) std::this_thread::yield();
    CHECK_FALSE(backwards);
  }
}

TEST_CASE("watchers: a root version is never ahead of the feed, nor behind what was acknowledged") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("followed");
  std::atomic<bool> done{false};
  std::atomic<EntryNumber> acknowledged{1};
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < scaled(300, 3'000, 100'000); ++i)
      acknowledged = space.put("/x", std::to_string(i)).value().entry;
    done = true;
  });
  while (!done) {
    const EntryNumber least = acknowledged;
    const EntryNumber number = space.root_version()->number;
    CHECK(number >= least);
    CHECK(space.cursor_after(number).ok());
  }
  writer.join();
}

TEST_CASE("watchers: made and destroyed beside writers, none is told after its end") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("followed");
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!done) {
        auto alive = std::make_unique<std::atomic<bool>>(true);
        const EntryNumber now = space.root_version()->number;
        {
          const Watch watch =
              space.watch(now, [&](const Result<RootVersion>&) { REQUIRE(*alive); }).value();
          (void)space.wait(now, 5ms);
        }
        *alive = false;
        alive.reset();
      }
    });
  write(space, 0, scaled(300, 3'000, 100'000));
  done = true;
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("watchers: ten thousand take one thread, and each is told") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const std::size_t count = std::min<rlim_t>(10'000, limit.rlim_max - 200);
  TestStore store(MetadataEngine::memory);
  std::vector<Space> spaces;
  for (int i = 0; i < 10; ++i) spaces.push_back(store.make_space("space " + std::to_string(i)));
  const std::ptrdiff_t threads_before = threads_of_process();
  std::vector<Watch> watches;
  for (std::size_t i = 0; i < count; ++i)
    watches.push_back(spaces[i % spaces.size()].watch(1).value());
  // At most, since a thread of an earlier store may only now be on its way out.
  CHECK(threads_of_process() <= threads_before + 1);
  for (const Space& space : spaces) REQUIRE(space.put("/x", "1").ok());
  for (Watch& watch : watches) {
    pollfd entry{.fd = watch.descriptor(), .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&entry, 1, 60'000) == 1);
  }
  CHECK(threads_of_process() <= threads_before + 1);
}

}  // namespace spind::test
