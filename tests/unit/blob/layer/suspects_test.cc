// What the layers do when somebody says that what he read was not what he put.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "spind/blob_layers.h"
#include "unit/blob/layer/mirrored.h"

namespace spind::test {
namespace {

// Good is what says so at its end; what begins well is so in part.
BlobState judge(std::span<const std::uint8_t> bytes) {
  const std::string_view text = as_text(bytes);
  if (text == "good bytes") return BlobState::sound;
  return text.starts_with("good") ? BlobState::in_part : BlobState::damaged;
}

void damage(Mirrored& m, std::size_t i, std::string_view text) {
  REQUIRE(m.stores[i]->bytes.put("a", as_bytes(text)).ok());
}

std::uint64_t healed(Mirrored& m) { return m.mirror->report().healed_corrupt; }

}  // namespace

TEST_CASE("suspects: a mirror writes the sound copy over the others, and counts them") {
  for (const std::size_t bad : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    Mirrored m(3);
    REQUIRE(m.put("a", "good bytes").ok());
    damage(m, bad, "rotten bytes");
    damage(m, (bad + 1) % 3, "good");
    m.mirror->suspect("a", judge);
    for (std::size_t i = 0; i < 3; ++i) CHECK(m.in(i, "a") == "good bytes");
    CHECK(healed(m) == 2);
    CHECK(m.mirror->metrics_text().find("spind_mirror_healed_total{was=\"corrupt\"} 2\n") !=
          std::string::npos);
    // And again, at once.
    damage(m, bad, "rotten bytes");
    m.mirror->suspect("a", judge);
    CHECK(m.in(bad, "a") == "good bytes");
    CHECK(healed(m) == 3);
  }
}

TEST_CASE("suspects: a mirror without a sound copy writes nothing, and reads where it is best") {
  Mirrored m;
  REQUIRE(m.put("a", "good bytes").ok());
  damage(m, 0, "rotten bytes");
  damage(m, 1, "good, but not all");
  REQUIRE(m.range("a") == "rotten bytes");
  m.mirror->suspect("a", judge);
  for (int i = 0; i < 100; ++i) CHECK(m.range("a") == "good, but not all");
  CHECK(m.in(0, "a") == "rotten bytes");
  CHECK(m.in(1, "a") == "good, but not all");
  // Where that is wrong too, the other may be right. The copies are not compared again yet.
  const int gets = m.stores[0]->gets;
  m.mirror->suspect("a", judge);
  CHECK(m.range("a") == "rotten bytes");
  m.mirror->suspect("a", judge);
  CHECK(m.range("a") == "good, but not all");
  CHECK(m.stores[0]->gets == gets);
  CHECK(healed(m) == 0);
  m.clock.advance(kLongNs);
  CHECK(m.range("a") == "rotten bytes");
  damage(m, 1, "good bytes");
  m.mirror->suspect("a", judge);
  CHECK(m.in(0, "a") == "good bytes");
  CHECK(healed(m) == 1);
}

TEST_CASE("suspects: what a mirror cannot fetch whole is read from another backend next") {
  Mirrored m(2, {.blob_bytes_max = 4});
  REQUIRE(m.put("a", "good bytes").ok());
  for (int i = 0; i < 40; ++i) (void)m.range("a");  // until both are known to be as near
  damage(m, 0, "rotten bytes");
  REQUIRE(m.range("a") == "rotten bytes");
  m.mirror->suspect("a", judge);
  CHECK(m.range("a") == "good bytes");
  CHECK(m.in(0, "a") == "rotten bytes");
}

TEST_CASE("suspects: a mirror brings back nothing that was removed") {
  Mirrored m;
  REQUIRE(m.put("a", "good bytes").ok());
  m.down(1);
  REQUIRE(m.mirror->remove("a").ok());
  m.up(1);
  m.mirror->suspect("a", judge);
  CHECK(m.in(0, "a") == "not_found");
}

TEST_CASE("suspects: whoever gives up is not kept by a mirror that compares copies") {
  Mirrored m;
  REQUIRE(m.put("a", "good bytes").ok());
  damage(m, 0, "rotten bytes");
  const int gets = m.stores[0]->gets + m.stores[1]->gets;
  m.mirror->suspect("a", judge, [] { return Error{Code::cancelled, "enough"}; });
  CHECK(m.stores[0]->gets + m.stores[1]->gets == gets);
  CHECK(m.in(0, "a") == "rotten bytes");
  m.mirror->suspect("a", judge);
  CHECK(m.in(0, "a") == "good bytes");
}

TEST_CASE("suspects: where the judge finds no fault, another backend is read next") {
  Mirrored m;
  REQUIRE(m.put("a", "good bytes").ok());
  for (int i = 0; i < 40; ++i) (void)m.range("a");  // until both are known to be as near
  damage(m, 0, "rotten bytes");
  REQUIRE(m.range("a") == "rotten bytes");
  const auto sees_nothing = [](std::span<const std::uint8_t>) { return BlobState::sound; };
  m.mirror->suspect("a", sees_nothing);
  for (int i = 0; i < 100; ++i) CHECK(m.range("a") == "good bytes");
  CHECK(m.in(0, "a") == "rotten bytes");
  // Nor are the copies compared each time that somebody says so.
  const int gets = m.stores[0]->gets;
  m.mirror->suspect("a", sees_nothing);
  CHECK(m.stores[0]->gets == gets);
}

// Holds the first get of a backend until it is opened.
struct HeldGet {
  HeldGet(ScriptedBlobs& blobs) {
    blobs.before = [this](std::string_view request, std::string_view) {
      if (request == "get") {
        entered = true;
        entered.notify_all();
        opened.wait(false);
      }
      return std::optional<Error>();
    };
  }
  void open() {
    opened = true;
    opened.notify_all();
  }
  std::atomic<bool> entered{false}, opened{false};
};

TEST_CASE("suspects: who complains of one blob at the same time has it compared once") {
  Mirrored m;
  REQUIRE(m.put("a", "good bytes").ok());
  damage(m, 0, "rotten bytes");
  HeldGet held(*m.stores[0]);
  const int gets = m.stores[0]->gets;
  std::atomic<bool> told[4] = {};
  std::vector<std::thread> readers;
  for (std::atomic<bool>& one : told) {
    const auto going_on = [&one]() -> Status {
      one = true;
      one.notify_all();
      return {};
    };
    readers.emplace_back([&m, going_on] { m.mirror->suspect("a", judge, going_on); });
  }
  for (std::atomic<bool>& one : told) one.wait(false);
  held.open();
  for (std::thread& reader : readers) reader.join();
  CHECK(m.in(0, "a") == "good bytes");
  CHECK(m.stores[0]->gets == gets + 1);
  CHECK(healed(m) == 1);
}

TEST_CASE("suspects: whoever gives up does not wait for others who compare copies") {
  Mirrored m;
  HeldGet held(*m.stores[0]);
  for (const char* name : {"a", "b", "c"}) REQUIRE(m.put(name, "good bytes").ok());
  std::thread reader([&] { m.mirror->suspect("a", judge); });
  held.entered.wait(false);
  const auto enough = []() -> Status { return Error{Code::cancelled, "enough"}; };
  for (const char* name : {"a", "b", "c"}) m.mirror->suspect(name, judge, enough);
  CHECK_FALSE(held.opened);
  held.open();
  reader.join();
}

// However they are stacked.
TEST_CASE("suspects: every layer hands it down, and the cache drops what it has of the blob") {
  Mirrored m;
  const auto cache = with_disk_cache(with_metrics(with_retry(with_throttle(m.mirror, {})), "m"),
                                     {.folder = m.folder / "cache", .keep_puts = false})
                         .value();
  const BlobStorePtr top = with_faults(cache, {});
  REQUIRE(m.put("a", "good bytes").ok());
  damage(m, 0, "rotten bytes");
  std::vector<std::uint8_t> out(10);
  REQUIRE(top->range("a", 0, out).ok());
  REQUIRE(cache->metrics().blocks == 1);
  top->suspect("a", judge);
  CHECK(cache->metrics().blocks == 0);
  CHECK(m.in(0, "a") == "good bytes");
  REQUIRE(top->range("a", 0, out).ok());
  CHECK(as_text(out) == "good bytes");
}

}  // namespace spind::test
