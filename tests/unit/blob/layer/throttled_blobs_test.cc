#include "blob/layer/throttled_blobs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>

#include "base/bytes.h"
#include "unit/blob/layer/driven_time.h"
#include "unit/blob/layer/scripted_blobs.h"

namespace spind {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

struct Throttled {
  explicit Throttled(const ThrottleOptions& options)
      : store(std::make_shared<ThrottledBlobs>(under, options, clock, pause)) {}
  double seconds() const {
    return static_cast<double>(clock_at() - begin_ns) / static_cast<double>(kSecondNs);
  }
  std::int64_t clock_at() const { return const_cast<test::TestClock&>(clock).monotonic_ns(); }

  test::TestClock clock;
  std::int64_t begin_ns = clock.monotonic_ns();
  test::DrivenPause pause{clock};
  std::shared_ptr<test::ScriptedBlobs> under = std::make_shared<test::ScriptedBlobs>();
  std::shared_ptr<ThrottledBlobs> store;
};

TEST_CASE("throttle: requests keep to their rate, whatever they are") {
  Throttled throttled({.requests_a_second = 10});
  std::uint8_t out[1];
  for (int i = 0; i < 20; ++i) {
    CHECK(throttled.store->put("a", as_bytes("x")).ok());
    CHECK(throttled.store->get("a", 1).ok());
    CHECK(throttled.store->range("a", 0, out).ok());
    CHECK(throttled.store->list("", "", 1).ok());
    CHECK(throttled.store->remove("a").ok());
  }
  CHECK(throttled.seconds() == doctest::Approx(9.9));  // the first one does not wait
}

TEST_CASE("throttle: bytes in and bytes out have a rate each") {
  Throttled throttled({.read_bytes_a_second = 1000, .write_bytes_a_second = 100});
  const std::string bytes(500, 'b');
  CHECK(throttled.store->put("a", as_bytes(bytes)).ok());
  CHECK(throttled.seconds() == 0);
  CHECK(throttled.store->put("a", as_bytes(bytes)).ok());
  CHECK(throttled.seconds() == doctest::Approx(5));
  for (int i = 0; i < 3; ++i) CHECK(throttled.store->get("a", 1000).ok());
  // What was not used for a while is made up for, but no more than a tenth of a second of it.
  CHECK(throttled.seconds() == doctest::Approx(5.9));
}

TEST_CASE("throttle: what a read asked for and did not get is given back") {
  Throttled throttled({.read_bytes_a_second = 1000});
  CHECK(throttled.store->put("a", as_bytes("12345")).ok());
  std::vector<std::uint8_t> out(100'000);
  const std::span<std::uint8_t> place = out;
  for (int i = 0; i < 10; ++i) {
    CHECK(throttled.store->range("a", 0, out).value() == 5);
    CHECK(throttled.store->scatter("a", 0, std::span(&place, 1)).value() == 5);
    CHECK(throttled.store->range("none", 0, out).code() == Code::not_found);
  }
  CHECK(throttled.seconds() < 0.11);  // for the hundred bytes that there were
}

TEST_CASE("throttle: without a limit nobody waits") {
  Throttled throttled({});
  for (int i = 0; i < 1000; ++i) CHECK(throttled.store->put("a", as_bytes("x")).ok());
  CHECK(throttled.pause.waits().empty());
}

TEST_CASE("throttle: turns come in the order in which they were taken, however large they are") {
  Turns turns(1000, 0);
  const std::int64_t first = turns.take(5000, 0);
  const std::int64_t small = turns.take(1, 0);
  const std::int64_t later = turns.take(1, kSecondNs);
  CHECK(first <= 0);
  CHECK(small - first == 5 * kSecondNs);
  CHECK(later - small == kSecondNs / 1000);
}

TEST_CASE("throttle: an absurd size leaves the order of turns a number") {
  Turns turns(1, 0);
  for (int i = 0; i < 100; ++i) turns.take(UINT64_MAX, 0);
  CHECK(turns.take(1, 0) > 0);
}

TEST_CASE("throttle: threads share the rate") {
  Throttled throttled({.requests_a_second = 1000});
  std::vector<std::thread> threads;
  std::vector<std::int64_t> begins;
  std::mutex mutex;
  Turns turns(1000, 0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const std::int64_t begin = turns.take(1, 0);
        const std::lock_guard lock(mutex);
        begins.push_back(begin);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::sort(begins.begin(), begins.end());
  for (std::size_t i = 1; i < begins.size(); ++i)
    CHECK(begins[i] - begins[i - 1] == kSecondNs / 1000);
}

}  // namespace
}  // namespace spind
