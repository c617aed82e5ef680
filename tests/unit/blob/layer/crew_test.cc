#include "blob/layer/crew.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "blob/layer/gate.h"
#include "blob/layer/name_latch.h"

namespace spind {
namespace {

TEST_CASE("crew: each part is done once, and all are done when run returns") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
    Crew crew(Threads::system(), size);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&] {
        for (std::size_t count = 0; count < 50; ++count) {
          std::vector<std::atomic<int>> done(count);
          crew.run(count, [&](std::size_t part) { ++done[part]; });
          for (const std::atomic<int>& times : done) wrong += times == 1 ? 0 : 1;
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
    CHECK(wrong == 0);
  }
}

TEST_CASE("crew: parts run at the same time") {
  Crew crew(Threads::system(), 2);
  std::atomic<int> there = 0;
  crew.run(3, [&](std::size_t) {
    ++there;
    while (there < 3) std::this_thread::yield();  // for ever, if one waited for another
  });
  CHECK(there == 3);
}

TEST_CASE("latch: one at a time has a name, and other names do not wait") {
  NameLatch latch;
  const NameLatch::Hold other(latch, "other");
  int inside = 0, most = 0, entered = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const NameLatch::Hold hold(latch, "name");
        most = std::max(most, ++inside);  // not atomic: the latch is what is tested
        ++entered;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(most == 1);
  CHECK(entered == 800);
}

TEST_CASE("gate: whoever shuts it is alone, and gets there though others keep coming") {
  Gate gate;
  std::atomic<int> inside = 0, wrong = 0;
  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!over) {
        const Gate::Inside in(gate);
        ++inside;
        std::this_thread::yield();
        --inside;
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    const Gate::Alone alone(gate);
    wrong += inside == 0 ? 0 : 1;
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace spind
