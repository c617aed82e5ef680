// Catching up, replacing a backend and filling it again.
#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "blob/layer/fault_blobs.h"
#include "unit/blob/layer/driven_time.h"
#include "unit/blob/layer/mirrored.h"

namespace spind {
namespace {

using test::FileCall;
using test::kLongNs;
using test::Mirrored;
using test::Names;
using test::ScriptedBlobs;

TEST_CASE("mirror: what a backend missed is remembered through a restart, and caught up") {
  Mirrored m(2, {.write_quorum = 1});
  REQUIRE(m.put("both", "b").ok());
  m.down(1);
  REQUIRE(m.put("a", "hello").ok());
  REQUIRE(m.put("c", "x").ok());
  REQUIRE(m.mirror->remove("both").ok());
  for (int restarts = 0; restarts < 2; ++restarts) {
    const MirrorReport report = m.mirror->report();
    CHECK(!report.even());
    CHECK(report.backends[0].missing + report.backends[0].lingering == 0);
    CHECK(report.backends[1].missing == 2);
    CHECK(report.backends[1].missing_bytes == 6);
    CHECK(report.backends[1].lingering == 1);
    CHECK(m.mirror->uneven("south", "", 10).value() == Names{"a", "both", "c"});
    CHECK(m.mirror->uneven("south", "a", 1).value() == Names{"both"});
    CHECK(m.mirror->catch_up().value() == 3);
    m.open();
  }
  m.up(1);
  CHECK(m.mirror->catch_up().value() == 0);
  CHECK(m.in(1, "a") == "hello");
  CHECK(m.in(1, "c") == "x");
  CHECK(m.in(1, "both") == "not_found");
  CHECK(m.mirror->report().even());
  CHECK(m.mirror->report().caught_up == 3);
  m.open();
  CHECK(m.mirror->report().even());
}

TEST_CASE("mirror: it catches up by itself") {
  Mirrored m(2, {.write_quorum = 1});
  m.options.catch_up_period = std::chrono::milliseconds(1);
  m.open();
  m.down(1);
  REQUIRE(m.put("a", "hello").ok());
  m.up(1);
  while (!m.mirror->report().even()) {
    m.clock.advance(kLongNs);
    std::this_thread::yield();
  }
  CHECK(m.in(1, "a") == "hello");
}

TEST_CASE("mirror: times without end are numbers like others") {
  constexpr auto kEndless = std::chrono::milliseconds::max();
  Mirrored m(2,
             {.write_quorum = 1, .failures_max = 1, .rest_first = kEndless, .rest_max = kEndless});
  m.options.catch_up_period = kEndless;
  m.open();
  m.down(1);
  REQUIRE(m.put("a", "hello").ok());
  REQUIRE(m.put("b", "hello").ok());
  CHECK(m.mirror->report().backends[1].resting);
  CHECK(m.get("b") == "hello");
}

TEST_CASE("mirror: one is replaced by an empty one, which is read from when it has everything") {
  Mirrored m(3);
  for (int i = 0; i < 2500; ++i) REQUIRE(m.put("n/" + std::to_string(i), "text").ok());
  const auto fresh = std::make_shared<ScriptedBlobs>();
  CHECK(m.mirror->replace("east", {"fresh", fresh}).code() == Code::not_found);
  CHECK(m.mirror->replace("west", {"north", fresh}).code() == Code::already_exists);
  CHECK(m.mirror->replace("west", {"No!", fresh}).code() == Code::invalid_argument);
  REQUIRE(m.mirror->replace("west", {"fresh", fresh}).ok());
  CHECK(m.mirror->report().backends[2].behind);
  m.options.backends.clear();
  CHECK(m.stores[2].use_count() == 1);
  for (int i = 0; i < 100; ++i) CHECK(m.get("n/" + std::to_string(i)) == "text");
  CHECK(fresh->gets == 0);
  REQUIRE(m.put("n/new", "new").ok());
  CHECK(Mirrored::text_of(fresh->bytes.get("n/new", 10)) == "new");
  REQUIRE(m.mirror->remove("n/7").ok());

  // Cancelled, it goes on later with what is left.
  ResyncOptions some;
  some.progress = [](const Progress& progress) { return progress.done < 1000; };
  CHECK(m.mirror->resync("fresh", some).code() == Code::cancelled);
  CHECK(m.mirror->report().backends[2].behind);
  const int copied = fresh->puts;
  CHECK(copied >= 1000);
  CHECK(copied < 2000);
  ResyncOptions all;
  std::uint64_t done = 0;
  all.progress = [&](const Progress& progress) {
    CHECK(progress.done >= done);
    done = progress.done;
    return true;
  };
  REQUIRE(m.mirror->resync("fresh", all).ok());
  CHECK(done == 2500);
  CHECK(fresh->puts == 2500);
  CHECK(m.mirror->report().even());
  m.down(0);
  m.down(1);
  for (int i = 0; i < 2500; ++i)
    CHECK(m.get("n/" + std::to_string(i)) == (i == 7 ? "unavailable" : "text"));
  CHECK(fresh->bytes.get("n/7", 10).code() == Code::not_found);
  CancelToken cancel;
  cancel.cancel();
  CHECK(m.mirror->resync("north", {.cancel = cancel}).code() == Code::cancelled);
}

TEST_CASE("mirror: a resync removes what nobody else has, and mends what has another size") {
  Mirrored m;
  REQUIRE(m.put("a", "text").ok());
  REQUIRE(m.put("b", "text").ok());
  MemoryBlobStore& south = m.stores[1]->bytes;
  REQUIRE(south.put("0", as_bytes(std::string_view("extra"))).ok());
  REQUIRE(south.put("c", as_bytes(std::string_view("extra"))).ok());
  REQUIRE(south.put("b", as_bytes(std::string_view("te"))).ok());
  REQUIRE(south.remove("a").ok());
  REQUIRE(m.mirror->resync("south").ok());
  CHECK(m.in(1, "a") == "text");
  CHECK(m.in(1, "b") == "text");
  CHECK(south.list("", "", 10).value().size() == 2);
  CHECK(m.mirror->resync("nobody").code() == Code::not_found);
}

TEST_CASE("mirror: what is put, removed and read during a resync is as if there were none") {
  Mirrored m;
  for (int i = 0; i < 600; ++i) REQUIRE(m.put("n/" + std::to_string(i), "text").ok());
  const auto fresh = std::make_shared<ScriptedBlobs>();
  REQUIRE(m.mirror->replace("south", {"fresh", fresh}).ok());
  std::atomic<bool> over = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  std::map<std::string, bool> there[3];
  for (std::size_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(test::seed() + t);
      for (int i = 0; i < 2000 && (!over || i < 200); ++i) {
        const std::string name = "n/" + std::to_string(t + 3 * (random() % 300));
        const bool put = random() % 2 == 0;
        if (!(put ? m.put(name, "text") : m.mirror->remove(name)).ok()) ++wrong;
        there[t][name] = put;
        if (m.get(name) != (put ? "text" : "not_found")) ++wrong;
      }
    });
  }
  CHECK(m.mirror->resync("fresh").ok());
  over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(m.mirror->catch_up().value() == 0);
  m.down(0);
  for (const auto& names : there) {
    for (const auto& [name, put] : names) CHECK(m.get(name) == (put ? "text" : "unavailable"));
  }
  const auto north = m.stores[0]->bytes.list("", "", 10'000).value();
  const auto filled = fresh->bytes.list("", "", 10'000).value();
  REQUIRE(north.size() == filled.size());
  for (std::size_t i = 0; i < north.size(); ++i) CHECK(north[i].name == filled[i].name);
}

TEST_CASE("mirror: a backend that missed too much is not caught up by name, but resynced") {
  Mirrored m(2, {.write_quorum = 1, .notes_max = 10});
  REQUIRE(m.put("old", "x").ok());
  m.down(1);
  REQUIRE(m.mirror->remove("old").ok());
  for (int i = 0; i < 30; ++i) REQUIRE(m.put("n/" + std::to_string(i), "text").ok());
  m.up(1);
  for (int restarts = 0; restarts < 2; ++restarts) {
    CHECK(m.mirror->report().backends[1].behind);
    CHECK(m.mirror->report().backends[1].missing < 11);
    for (int i = 0; i < 40; ++i) CHECK(m.get("old") == "not_found");
    CHECK(m.list().size() == 30);
    m.open();
  }
  // It is the only one that has everything, so of it nothing may be forgotten.
  m.down(0);
  int refused = 0;
  for (int i = 0; i < 30; ++i) refused += m.put("m/" + std::to_string(i), "text").ok() ? 0 : 1;
  CHECK(refused == 20);
  for (int i = 0; i < 10; ++i) CHECK(m.get("m/" + std::to_string(i)) == "text");
  m.up(0);
  REQUIRE(m.mirror->resync("south").ok());
  CHECK(m.mirror->catch_up().value() == 0);
  CHECK(m.in(1, "old") == "not_found");
  for (int i = 0; i < 10; ++i) CHECK(m.in(0, "m/" + std::to_string(i)) == "text");
  for (int i = 0; i < 30; ++i) CHECK(m.in(1, "n/" + std::to_string(i)) == "text");
  CHECK(m.mirror->report().even());
}

TEST_CASE("mirror: the only copy is kept and found, also on a backend that is being filled") {
  Mirrored m(2, {.write_quorum = 1});
  const auto fresh = std::make_shared<ScriptedBlobs>();
  REQUIRE(m.mirror->replace("south", {"fresh", fresh}).ok());
  m.down(0);
  REQUIRE(m.put("a", "x").ok());
  CHECK(m.get("a") == "x");
  m.up(0);
  CHECK(m.get("a") == "x");
  CHECK(m.list() == Names{"a"});
  REQUIRE(m.mirror->resync("fresh").ok());
  CHECK(m.get("a") == "x");
  CHECK(m.mirror->catch_up().value() == 0);
  CHECK(m.in(0, "a") == "x");
  CHECK(m.mirror->report().lost == 0);
}

TEST_CASE("mirror: a backend that the journal does not know is behind, unless the journal is new") {
  Mirrored m;
  REQUIRE(m.put("a", "x").ok());
  const auto fresh = std::make_shared<ScriptedBlobs>();
  m.options.backends[1] = {"fresh", fresh};
  m.open();
  CHECK(m.mirror->report().backends[1].behind);
  for (int i = 0; i < 40; ++i) CHECK(m.get("a") == "x");
  // The one that went away for a while may have missed anything.
  m.options.backends[1] = {"south", m.stores[1]};
  m.open();
  CHECK(m.mirror->report().backends[1].behind);
  m.mirror.reset();
  m.options.backends[0] = {"fresh", fresh};
  CHECK(MirroredBlobs::open(m.options, m.files, m.clock, Threads::system()).code() ==
        Code::conflict);
}

}  // namespace
}  // namespace spind
