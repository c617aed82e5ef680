#include "blob/layer/metered_blobs.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "base/bytes.h"
#include "unit/blob/layer/driven_time.h"
#include "unit/blob/layer/scripted_blobs.h"

namespace spind {
namespace {

struct Metered {
  explicit Metered(std::string_view label = "near")
      : store(std::make_shared<MeteredBlobs>(under, label, clock)) {
    under->after = [this](std::string_view, std::string_view) { clock.advance(3'000'000); };
  }
  bool says(const std::string& line) const {
    return ("\n" + store->metrics()).find("\n" + line + "\n") != std::string::npos;
  }
  test::TestClock clock;
  std::shared_ptr<test::ScriptedBlobs> under = std::make_shared<test::ScriptedBlobs>();
  std::shared_ptr<MeteredBlobs> store;
};

TEST_CASE("metrics: requests are counted by kind and outcome, with their bytes") {
  Metered metered;
  std::uint8_t out[4];
  const std::span<std::uint8_t> place = out;
  CHECK(metered.store->put("a", as_bytes("hello")).ok());
  CHECK(metered.store->get("a", 100).ok());
  CHECK(metered.store->get("b", 100).code() == Code::not_found);
  CHECK(metered.store->range("a", 3, out).value() == 2);
  CHECK(metered.store->scatter("a", 0, std::span(&place, 1)).value() == 4);
  CHECK(metered.store->list("", "", 10).ok());
  metered.under->down = true;
  CHECK(metered.store->remove("a").code() == Code::unavailable);
  for (const char* line :
       {"put\",outcome=\"ok\"} 1", "get\",outcome=\"ok\"} 1", "get\",outcome=\"not_found\"} 1",
        "range\",outcome=\"ok\"} 2", "list\",outcome=\"ok\"} 1", "remove\",outcome=\"ok\"} 0",
        "remove\",outcome=\"unavailable\"} 1"})
    CHECK(metered.says(std::string("spind_blob_requests_total{store=\"near\",request=\"") + line));
  CHECK(metered.says("spind_blob_bytes_total{store=\"near\",direction=\"read\"} 11"));
  CHECK(metered.says("spind_blob_bytes_total{store=\"near\",direction=\"written\"} 5"));
}

TEST_CASE("metrics: times are in a histogram whose buckets add up") {
  Metered metered;
  for (int i = 0; i < 3; ++i) CHECK(metered.store->put("a", as_bytes("hello")).ok());
  const std::string labels = "{store=\"near\",request=\"put\"";
  CHECK(metered.says("spind_blob_seconds_bucket" + labels + ",le=\"0.0016\"} 0"));
  CHECK(metered.says("spind_blob_seconds_bucket" + labels + ",le=\"0.0032\"} 3"));
  CHECK(metered.says("spind_blob_seconds_bucket" + labels + ",le=\"+Inf\"} 3"));
  CHECK(metered.says("spind_blob_seconds_sum" + labels + "} 0.009"));
  CHECK(metered.says("spind_blob_seconds_count" + labels + "} 3"));
}

TEST_CASE("metrics: a label cannot break out of its quotes") {
  Metered metered("a\"} 1\nb\\");
  CHECK(metered.says("spind_blob_bytes_total{store=\"a} 1b\",direction=\"read\"} 0"));
}

TEST_CASE("metrics: threads lose no count") {
  Metered metered;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) (void)metered.store->remove("a");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(metered.says(
      "spind_blob_requests_total{store=\"near\",request=\"remove\",outcome=\"ok\"} 1000"));
}

}  // namespace
}  // namespace spind
