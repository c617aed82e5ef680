#include "parallel.h"

#include <doctest/doctest.h>

#include <atomic>
#include <utility>

using spind::tool::Workers;

TEST_CASE("workers: every job runs once, and is done when finish returns") {
  std::atomic<std::uint64_t> sum{0}, runs{0};
  Workers<std::uint64_t> workers(4, [&](std::uint64_t job) {
    sum += job;
    ++runs;
  });
  for (std::uint64_t i = 1; i <= 10'000; ++i) workers.add(i);
  workers.finish();
  CHECK(runs == 10'000);
  CHECK(sum == 10'000 * 10'001 / 2);
  workers.finish();
}

TEST_CASE("workers: what is queued is bounded") {
  std::atomic<int> alive{0}, most{0};
  struct Job {
    explicit Job(std::atomic<int>& count, std::atomic<int>& top) : alive(&count) {
      const int now = ++*alive;
      for (int seen = top; seen < now && !top.compare_exchange_weak(seen, now);) {
      }
    }
    Job(Job&& other) noexcept : alive(std::exchange(other.alive, nullptr)) {}
    Job& operator=(Job&&) = delete;
    ~Job() {
      if (alive != nullptr) --*alive;
    }
    std::atomic<int>* alive;
  };
  {
    Workers<Job> workers(2, [](const Job&) { std::this_thread::yield(); });
    for (int i = 0; i < 5'000; ++i) workers.add(Job(alive, most));
  }
  CHECK(alive == 0);
  CHECK(most <= 2 * 4 + 2 + 1);  // in the queue, in the workers, in our hand
}
