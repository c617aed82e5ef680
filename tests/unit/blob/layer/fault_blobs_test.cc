#include "blob/layer/fault_blobs.h"

#include <doctest/doctest.h>

#include <bit>
#include <string>

#include "base/bytes.h"
#include "support/harness.h"
#include "unit/blob/layer/driven_time.h"
#include "unit/blob/layer/scripted_blobs.h"

namespace spind {
namespace {

struct Faulty {
  explicit Faulty(const FaultOptions& options)
      : store(std::make_shared<FaultBlobs>(under, options, pause)) {}
  test::TestClock clock;
  test::DrivenPause pause{clock};
  std::shared_ptr<test::ScriptedBlobs> under = std::make_shared<test::ScriptedBlobs>();
  std::shared_ptr<FaultBlobs> store;
};

std::string under_text(Faulty& faulty, std::string_view name) {
  const auto bytes = faulty.under->bytes.get(name, 1000);
  return bytes.ok() ? std::string(as_text(*bytes)) : "none";
}

TEST_CASE("faults: an error is answered before anything was done, with the code asked for") {
  Faulty faulty({.errors = 1000, .code = Code::busy});
  std::uint8_t out[1];
  CHECK(faulty.store->put("a", as_bytes("x")).code() == Code::busy);
  CHECK(faulty.store->get("a", 1).code() == Code::busy);
  CHECK(faulty.store->range("a", 0, out).code() == Code::busy);
  CHECK(faulty.store->remove("a").code() == Code::busy);
  CHECK(faulty.store->list("", "", 1).code() == Code::busy);
  CHECK(faulty.under->puts + faulty.under->gets + faulty.under->ranges == 0);
  CHECK(faulty.store->fired(BlobFault::error) == 5);
}

TEST_CASE("faults: a lost answer is an error about what was done") {
  Faulty faulty({.lost_answers = 1000});
  CHECK(faulty.store->put("a", as_bytes("x")).code() == Code::unavailable);
  CHECK(under_text(faulty, "a") == "x");
  CHECK(faulty.store->remove("a").code() == Code::unavailable);
  CHECK(under_text(faulty, "a") == "none");
  CHECK(faulty.store->fired(BlobFault::lost_answer) == 2);
}

TEST_CASE("faults: a torn put leaves less than all, and says so") {
  Faulty faulty({.torn_puts = 1000});
  CHECK(faulty.store->put("a", as_bytes("hello")).code() == Code::unavailable);
  const std::string left = under_text(faulty, "a");
  CHECK(left.size() < 5);
  CHECK(std::string("hello").starts_with(left));
  CHECK(faulty.store->fired(BlobFault::torn_put) == 1);
}

TEST_CASE("faults: reads are cut, or one bit of them is another one") {
  Faulty cut({.cut_reads = 1000});
  Faulty rotten({.rotten_reads = 1000});
  const std::string bytes(100, '\0');
  CHECK(cut.store->put("a", as_bytes(bytes)).ok());
  CHECK(rotten.store->put("a", as_bytes(bytes)).ok());
  for (int i = 0; i < 20; ++i) {
    std::vector<std::uint8_t> out(100);
    CHECK(cut.store->range("a", 0, out).value() < 100);
    CHECK(cut.store->get("a", 100).value().size() < 100);
    CHECK(rotten.store->range("a", 0, out).value() == 100);
    int bits = 0;
    for (const std::uint8_t byte : out) bits += std::popcount(byte);
    CHECK(bits == 1);
  }
  CHECK(cut.store->fired(BlobFault::cut_read) == 40);
  CHECK(rotten.store->fired(BlobFault::rotten_read) == 20);
}

TEST_CASE("faults: delays are up to the longest") {
  Faulty faulty({.delays = 1000, .delay_max = std::chrono::milliseconds(50)});
  for (int i = 0; i < 100; ++i) CHECK(faulty.store->remove("a").ok());
  const auto waits = faulty.pause.waits();
  REQUIRE(waits.size() == 100);
  for (const std::int64_t wait : waits) CHECK(wait <= 50'000'000);
  CHECK(faulty.store->fired(BlobFault::delay) == 100);
}

TEST_CASE("faults: the same seed meets the same faults, and rates are kept") {
  std::string seen[2];
  for (std::string& fates : seen) {
    Faulty faulty({.seed = test::seed(), .errors = 300});
    for (int i = 0; i < 1000; ++i) fates += faulty.store->remove("a").ok() ? '.' : 'x';
    CHECK(faulty.store->fired(BlobFault::error) > 200);
    CHECK(faulty.store->fired(BlobFault::error) < 400);
    faulty.store->set({});
    for (int i = 0; i < 100; ++i) CHECK(faulty.store->remove("a").ok());
  }
  CHECK(seen[0] == seen[1]);
}

}  // namespace
}  // namespace spind
