#include "blob/layer/retrying_blobs.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "base/bytes.h"
#include "blob/layer/fault_blobs.h"
#include "support/harness.h"
#include "unit/blob/layer/driven_time.h"
#include "unit/blob/layer/scripted_blobs.h"

namespace spind {
namespace {

using test::ScriptedBlobs;

struct Retrying {
  explicit Retrying(const RetryOptions& options = {})
      : store(std::make_shared<RetryingBlobs>(under, options, clock, random, pause)) {}
  // The first `count` requests fail.
  void fail_first(int count, Code code) {
    under->before = [this, count, code](std::string_view,
                                        std::string_view) -> std::optional<Error> {
      if (asked++ < count) return Error{code, "not now"};
      return std::nullopt;
    };
  }
  int asked = 0;
  test::TestClock clock;
  test::SeededRandom random{test::seed()};
  test::DrivenPause pause{clock};
  std::shared_ptr<ScriptedBlobs> under = std::make_shared<ScriptedBlobs>();
  std::shared_ptr<RetryingBlobs> store;
};

TEST_CASE("retry: what passes is tried again, every request") {
  for (const Code code : {Code::io_error, Code::unavailable, Code::busy, Code::aborted}) {
    CAPTURE(code_name(code));
    Retrying retrying;
    std::uint8_t out[1];
    const std::span<std::uint8_t> place = out;
    const auto fails_twice = [&] {
      retrying.asked = 0;
      retrying.fail_first(2, code);
    };
    fails_twice();
    CHECK(retrying.store->put("a", as_bytes("x")).ok());
    fails_twice();
    CHECK(retrying.store->get("a", 1).ok());
    fails_twice();
    CHECK(retrying.store->range("a", 0, out).value() == 1);
    fails_twice();
    CHECK(retrying.store->scatter("a", 0, std::span(&place, 1)).value() == 1);
    fails_twice();
    CHECK(retrying.store->list("", "", 1).value().size() == 1);
    fails_twice();
    CHECK(retrying.store->remove("a").ok());
    CHECK(retrying.pause.waits().size() <= 12);
    CHECK(retrying.under->puts == 3);
  }
}

TEST_CASE("retry: an answer is not asked for again") {
  for (const Code code :
       {Code::not_found, Code::no_space, Code::permission_denied, Code::corruption,
        Code::invalid_argument, Code::conflict, Code::cancelled}) {
    CAPTURE(code_name(code));
    Retrying retrying;
    retrying.fail_first(1, code);
    CHECK(retrying.store->put("a", as_bytes("x")).code() == code);
    CHECK(retrying.asked == 1);
  }
}

TEST_CASE("retry: attempts end, and the last error is what is told") {
  Retrying retrying({.attempts_max = 4});
  retrying.fail_first(100, Code::unavailable);
  CHECK(retrying.store->get("a", 1).code() == Code::unavailable);
  CHECK(retrying.asked == 4);
}

TEST_CASE("retry: waits are random, twice as long each time, up to the longest") {
  std::vector<std::int64_t> longest(7);
  for (int i = 0; i < 300; ++i) {
    Retrying retrying({.attempts_max = 8,
                       .wait_first = std::chrono::milliseconds(100),
                       .wait_max = std::chrono::milliseconds(1000)});
    retrying.random.next_u64();
    for (int skip = 0; skip < i; ++skip) retrying.random.next_u64();
    retrying.fail_first(100, Code::io_error);
    CHECK(retrying.store->remove("a").code() == Code::io_error);
    const auto waits = retrying.pause.waits();
    REQUIRE(waits.size() == 7);
    for (std::size_t n = 0; n < waits.size(); ++n) longest[n] = std::max(longest[n], waits[n]);
  }
  const std::int64_t bounds_ms[] = {100, 200, 400, 800, 1000, 1000, 1000};
  for (std::size_t n = 0; n < longest.size(); ++n) {
    CHECK(longest[n] <= bounds_ms[n] * 1'000'000);
    CHECK(longest[n] > bounds_ms[n] * 900'000);  // of 300 draws one comes near it
  }
}

TEST_CASE("retry: no attempt begins after the time is over") {
  Retrying retrying({.attempts_max = 1000, .time_max = std::chrono::milliseconds(30'000)});
  retrying.fail_first(1000, Code::unavailable);
  const std::int64_t begin_ns = retrying.clock.monotonic_ns();
  CHECK(retrying.store->remove("a").code() == Code::unavailable);
  CHECK(retrying.clock.monotonic_ns() - begin_ns <= std::int64_t{30} * 1'000'000'000);
  CHECK(retrying.asked < 40);
  CHECK(retrying.asked > 5);
}

TEST_CASE("retry: an outage makes one request in ten more, not five times as many") {
  Retrying retrying({.attempts_max = 5,
                     .wait_first = std::chrono::milliseconds(0),
                     .budget_a_call = 0.1,
                     .reserve_max = 20});
  retrying.fail_first(1'000'000, Code::unavailable);
  for (int i = 0; i < 1000; ++i) CHECK(!retrying.store->remove("a").ok());
  CHECK(retrying.asked <= 1000 + 20 + 100);
  CHECK(retrying.asked >= 1000 + 20);
  // A quiet while later there are retries again.
  retrying.clock.advance(std::int64_t{100} * 1'000'000'000);
  retrying.asked = 0;
  CHECK(!retrying.store->remove("a").ok());
  CHECK(retrying.asked == 5);
}

TEST_CASE("retry: over a store that fails now and then nothing is lost, and nothing comes back") {
  test::TestClock clock;
  test::SeededRandom random(test::seed());
  test::DrivenPause pause(clock);
  const auto under = std::make_shared<MemoryBlobStore>();
  const auto faulty = std::make_shared<FaultBlobs>(
      under,
      FaultOptions{.seed = test::seed(), .errors = 150, .lost_answers = 150, .torn_puts = 50},
      pause);
  RetryingBlobs store(faulty, {.attempts_max = 50, .budget_a_call = 1, .reserve_max = 1000}, clock,
                      random, pause);
  for (int i = 0; i < 300; ++i) {
    const std::string name = "n/" + std::to_string(i);
    REQUIRE(store.put(name, as_bytes("bytes of " + name)).ok());
    const auto got = store.get(name, 100);
    REQUIRE(got.ok());
    CHECK(as_text(*got) == "bytes of " + name);
    if (i % 2 == 0) REQUIRE(store.remove(name).ok());
  }
  CHECK(under->list("", "", 1000).value().size() == 150);
  for (const BlobFault fault : {BlobFault::error, BlobFault::lost_answer, BlobFault::torn_put})
    CHECK(faulty->fired(fault) > 0);
}

TEST_CASE("retry: threads that share a budget never draw more than it holds") {
  const RetryOptions options{.budget_a_call = 0, .reserve_max = 100};
  RetryBudget budget(options, 0);
  std::atomic<int> drawn = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) drawn += budget.draw(0) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(drawn == 100);
}

TEST_CASE("retry: times without end are numbers like others") {
  constexpr auto kEndless = std::chrono::milliseconds::max();
  Retrying retrying({.attempts_max = 60, .wait_first = kEndless, .wait_max = kEndless});
  retrying.fail_first(1, Code::unavailable);
  CHECK(retrying.store->get("a", 1).code() == Code::unavailable);  // the wait is beyond time_max
  Retrying patient({.attempts_max = 60,
                    .wait_first = std::chrono::milliseconds(1),
                    .wait_max = std::chrono::milliseconds(2),
                    .time_max = kEndless});
  patient.fail_first(40, Code::unavailable);
  CHECK(patient.store->put("a", as_bytes("x")).ok());
  CHECK(patient.asked == 41);
  for (const std::int64_t wait : patient.pause.waits()) CHECK(wait <= 2'000'000);
}

}  // namespace
}  // namespace spind
