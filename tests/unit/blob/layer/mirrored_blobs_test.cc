// A mirror as a place for bytes: what it answers while its backends fail.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
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

TEST_CASE("mirror: a write is on all backends, and is read from any") {
  Mirrored m(3);
  REQUIRE(m.put("a/b", "hello").ok());
  for (std::size_t i = 0; i < 3; ++i) CHECK(m.in(i, "a/b") == "hello");
  CHECK(m.mirror->report().even());
  m.down(0);
  m.down(1);
  CHECK(m.get("a/b") == "hello");
  CHECK(m.range("a/b") == "hello");
  CHECK(m.list() == Names{"a/b"});
}

TEST_CASE(
    "mirror: after each acknowledgement at a quorum of two, either backend may be lost for good") {
  for (const std::size_t lost : {std::size_t{0}, std::size_t{1}}) {
    CAPTURE(lost);
    test::TestClock clock;
    test::DrivenPause pause(clock);
    Mirrored m;
    // Both fail now and then, and lie about it.
    std::vector<std::shared_ptr<FaultyBlobs>> faulty;
    for (std::size_t i = 0; i < 2; ++i) {
      faulty.push_back(std::make_shared<FaultBlobs>(
          m.stores[i],
          FaultOptions{
              .seed = test::seed() + i, .errors = 100, .lost_answers = 50, .torn_puts = 50},
          pause));
      m.options.backends[i].store = faulty[i];
    }
    m.options.failures_max = 1'000'000;
    m.open();
    std::mt19937_64 random(test::seed());
    std::map<std::string, std::string> acknowledged;
    for (int i = 0; i < 400; ++i) {
      const std::string name = "n/" + std::to_string(i);
      const std::string text = "bytes of " + std::to_string(random());
      if (m.put(name, text).ok()) acknowledged[name] = text;
      if (i % 50 == 0) (void)m.mirror->catch_up();
      // The one that is left alone, at this very moment.
      if (acknowledged.contains(name)) CHECK(m.in(1 - lost, name) == text);
    }
    CHECK(acknowledged.size() > 200);
    CHECK(faulty[0]->fired(BlobFault::torn_put) > 0);
    faulty[1 - lost]->set({});
    m.down(lost);
    for (const auto& [name, text] : acknowledged) CHECK(m.get(name) == text);
    // Another one takes its place, and is filled while the store is used.
    const auto fresh = std::make_shared<ScriptedBlobs>();
    const std::string gone = m.options.backends[lost].name;
    REQUIRE(m.mirror->replace(gone, {"fresh", fresh}).ok());
    REQUIRE(m.put("n/new", "new").ok());
    REQUIRE(m.mirror->resync("fresh").ok());
    m.down(1 - lost);
    for (const auto& [name, text] : acknowledged) CHECK(m.get(name) == text);
    CHECK(m.get("n/new") == "new");
  }
}

TEST_CASE("mirror: fewer than the quorum is an error, and nothing is said to be there") {
  Mirrored m;
  m.down(1);
  CHECK(m.put("a", "x").code() == Code::unavailable);
  Mirrored three(3);
  three.down(2);
  CHECK(three.put("a", "x").ok());
  three.down(1);
  CHECK(three.put("b", "x").code() == Code::unavailable);
  Mirrored full;
  full.stores[0]->before = [](std::string_view request, std::string_view) -> std::optional<Error> {
    if (request == "put") return Error{Code::no_space, "full"};
    return std::nullopt;
  };
  CHECK(full.put("a", "x").code() == Code::no_space);
}

TEST_CASE("mirror: a removal while one is down does not come back to life") {
  Mirrored m;
  REQUIRE(m.put("a", "x").ok());
  REQUIRE(m.put("b", "y").ok());
  m.down(1);
  REQUIRE(m.mirror->remove("a").ok());
  m.up(1);
  for (int restarts = 0; restarts < 2; ++restarts) {
    for (int i = 0; i < 40; ++i) CHECK(m.get("a") == "not_found");
    CHECK(m.range("a") == "not_found");
    CHECK(m.mirror->heal("a").code() == Code::not_found);
    CHECK(m.list() == Names{"b"});
    m.down(0);  // only the one is left that has it
    CHECK(m.get("a") == "not_found");
    CHECK(m.list() == Names{"b"});
    m.up(0);
    m.open();
  }
  CHECK(m.in(1, "a") == "x");
  CHECK(m.mirror->catch_up().value() == 0);
  CHECK(m.in(1, "a") == "not_found");
  CHECK(m.in(0, "a") == "not_found");
}

TEST_CASE("mirror: what is put again under a name that lingers is what is read") {
  Mirrored m(2, {.write_quorum = 1});
  REQUIRE(m.put("a", "old").ok());
  m.down(1);
  REQUIRE(m.mirror->remove("a").ok());
  REQUIRE(m.put("a", "new").ok());
  CHECK(m.get("a") == "new");
  m.up(1);
  for (int i = 0; i < 40; ++i) CHECK(m.get("a") == "new");
  CHECK(m.mirror->catch_up().value() == 0);
  CHECK(m.in(1, "a") == "new");
  // And where it comes to both, the note about it is gone, also after a restart.
  m.down(0);
  REQUIRE(m.mirror->remove("a").ok());
  m.up(0);
  REQUIRE(m.put("a", "third").ok());
  m.open();
  CHECK(m.mirror->catch_up().value() == 0);
  CHECK(m.in(0, "a") == "third");
  CHECK(m.get("a") == "third");
}

TEST_CASE("mirror: no write is answered before what it did not come to is durably known") {
  Mirrored m(2, {.write_quorum = 1});
  m.down(1);
  int syncs = 0;
  m.files.set([&](FileCall call, const std::string& path) -> std::optional<Error> {
    if (call == FileCall::sync && path.ends_with("/journal")) ++syncs;
    return std::nullopt;
  });
  REQUIRE(m.put("a", "x").ok());
  CHECK(syncs == 1);
  REQUIRE(m.mirror->remove("a").ok());
  CHECK(syncs == 2);
  m.files.set([&](FileCall, const std::string&) -> std::optional<Error> {
    return Error{Code::no_space, "full"};
  });
  CHECK(!m.put("b", "x").ok());
  CHECK(!m.put("c", "x").ok());
  m.files.set(nullptr);
  REQUIRE(m.put("d", "x").ok());
  m.open();
  CHECK(m.mirror->uneven("south", "", 10).value() == Names{"a", "d"});
}

TEST_CASE("mirror: without trouble the journal is not written to") {
  Mirrored m;
  int calls = 0;
  m.files.set([&](FileCall, const std::string&) -> std::optional<Error> {
    ++calls;
    return std::nullopt;
  });
  for (int i = 0; i < 20; ++i) REQUIRE(m.put("a", "x").ok());
  REQUIRE(m.mirror->remove("a").ok());
  CHECK(calls == 0);
}

TEST_CASE("mirror: a blob that one backend lost is answered by another, and written back") {
  for (const bool by_range : {false, true}) {
    Mirrored m;
    REQUIRE(m.put("a", "hello").ok());
    REQUIRE(m.stores[0]->bytes.remove("a").ok());
    REQUIRE(m.stores[1]->bytes.put("a", as_bytes(std::string_view("hello"))).ok());
    for (int i = 0; i < 40; ++i) CHECK((by_range ? m.range("a") : m.get("a")) == "hello");
    CHECK(m.in(0, "a") == "hello");
    CHECK(m.mirror->report().healed_missing == 1);
  }
}

TEST_CASE("mirror: a blob that is damaged is answered by another, and written back") {
  Mirrored m(2, {.verify = [](std::string_view name, std::span<const std::uint8_t> bytes) {
               return as_text(bytes) == "bytes of " + std::string(name);
             }});
  for (const std::string name : {"a", "b", "c", "d"}) REQUIRE(m.put(name, "bytes of " + name).ok());
  const auto damage = [&](std::size_t i, std::string_view name) {
    REQUIRE(m.stores[i]->bytes.put(name, as_bytes(std::string_view("rotten"))).ok());
  };
  damage(0, "a");
  damage(1, "b");
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 1000; ++i) {  // some of them from the second nearest
    const std::string name = random() % 2 == 0 ? "a" : "b";
    CHECK(m.get(name) == "bytes of " + name);
  }
  CHECK(m.in(0, "a") == "bytes of a");
  CHECK(m.in(1, "b") == "bytes of b");
  CHECK(m.mirror->report().healed_corrupt == 2);
  // Whoever finds a range to be wrong says so.
  damage(0, "c");
  CHECK(m.mirror->heal("c").value() == 1);
  CHECK(m.in(0, "c") == "bytes of c");
  CHECK(m.mirror->heal("c").value() == 0);
  damage(0, "d");
  damage(1, "d");
  CHECK(m.get("d") == "corruption");
  CHECK(m.mirror->heal("d").code() == Code::corruption);
}

TEST_CASE("mirror: what could not be written back is noted") {
  Mirrored m;
  REQUIRE(m.put("a", "x").ok());
  REQUIRE(m.stores[0]->bytes.remove("a").ok());
  m.stores[0]->before = [](std::string_view request, std::string_view) -> std::optional<Error> {
    if (request == "put") return Error{Code::io_error, "not now"};
    return std::nullopt;
  };
  CHECK(m.mirror->heal("a").value() == 0);
  CHECK(m.mirror->uneven("north", "", 10).value() == Names{"a"});
  m.stores[0]->before = nullptr;
  CHECK(m.mirror->catch_up().value() == 0);
  CHECK(m.in(0, "a") == "x");
}

TEST_CASE("mirror: a blob is not said to be missing while one that may have it cannot be asked") {
  Mirrored m;
  REQUIRE(m.put("a", "x").ok());
  REQUIRE(m.stores[0]->bytes.remove("a").ok());
  m.down(1);
  CHECK(m.get("a") == "unavailable");
  CHECK(m.get("none") == "unavailable");
  m.up(1);
  CHECK(m.get("a") == "x");
  CHECK(m.get("none") == "not_found");
}

TEST_CASE("mirror: healing that meets a removal does not bring the blob back") {
  Mirrored m;
  REQUIRE(m.put("a", "x").ok());
  // The removal has come to one of them and is under way to the other when it is read.
  std::atomic<bool> removing = false, read = false;
  m.stores[1]->before = [&](std::string_view request, std::string_view) -> std::optional<Error> {
    if (request != "remove") return std::nullopt;
    removing = true;
    while (!read) std::this_thread::yield();
    return std::nullopt;
  };
  m.stores[1]->after = [&](std::string_view request, std::string_view) {
    if (request == "range") read = true;
  };
  std::thread remover([&] { CHECK(m.mirror->remove("a").ok()); });
  while (!removing || m.in(0, "a") != "not_found") std::this_thread::yield();
  m.stores[0]->down = false;
  const std::string got = m.range("a");
  read = true;
  remover.join();
  CHECK((got == "x" || got == "not_found"));
  CHECK(m.in(0, "a") == "not_found");
  CHECK(m.in(1, "a") == "not_found");
}

TEST_CASE(
    "mirror: a backend that fails is left alone for a while, which doubles, and is tried again") {
  Mirrored m(2, {.write_quorum = 1,
                 .failures_max = 3,
                 .rest_first = std::chrono::milliseconds(1'000),
                 .rest_max = std::chrono::milliseconds(4'000)});
  m.down(1);
  for (int i = 0; i < 20; ++i) REQUIRE(m.put("a", "x").ok());
  CHECK(m.stores[1]->puts == 3);
  CHECK(m.mirror->report().backends[1].resting);
  for (const int rest_seconds : {1, 2, 4, 4}) {
    const int before = m.stores[1]->puts;
    m.clock.advance(std::int64_t{rest_seconds} * 1'000'000'000 - 1'000'000);
    REQUIRE(m.put("a", "x").ok());
    CHECK(m.stores[1]->puts == before);
    m.clock.advance(1'000'000);
    for (int i = 0; i < 5; ++i) REQUIRE(m.put("a", "x").ok());
    CHECK(m.stores[1]->puts == before + 1);
  }
  m.up(1);
  REQUIRE(m.put("b", "y").ok());
  CHECK(!m.mirror->report().backends[1].resting);
  CHECK(m.in(1, "b") == "y");
}

TEST_CASE("mirror: a silent backend is left alone, however little time its callers have") {
  Mirrored m(2, {.failures_max = 3});
  REQUIRE(m.put("a", "hello").ok());
  constexpr std::int64_t kTimeNs = 3'000'000'000;
  std::int64_t deadline_ns = 0;
  m.stores[0]->before = [&](std::string_view, std::string_view) -> std::optional<Error> {
    m.clock.advance(kTimeNs);
    return Error{Code::deadline_exceeded, "no time is left"};
  };
  const auto read = [&] {
    deadline_ns = m.clock.monotonic_ns() + kTimeNs;
    const Interrupt interrupt = [&]() -> Status {
      if (m.clock.monotonic_ns() < deadline_ns) return {};
      return Error{Code::deadline_exceeded, "no time is left"};
    };
    std::vector<std::uint8_t> out(5);
    const std::span<std::uint8_t> place(out);
    return m.mirror->scatter_unless("a", 0, std::span(&place, 1), interrupt).code();
  };
  int failed = 0;
  while (failed < 10 && read() == Code::deadline_exceeded) ++failed;
  CHECK(failed > 0);
  CHECK(failed <= 3);
  for (int i = 0; i < 3; ++i) CHECK(read() == Code::ok);
}

TEST_CASE("mirror: answers are no failures") {
  Mirrored m(2, {.failures_max = 1});
  REQUIRE(m.put("a", "hello").ok());
  CHECK(m.get("none") == "not_found");
  CHECK(m.mirror->get("a", 2).code() == Code::limit_exceeded);
  CHECK(m.put("a/b", "x").code() == Code::conflict);
  for (const MirrorBackendReport& backend : m.mirror->report().backends) CHECK(!backend.resting);
}

TEST_CASE("mirror: reads go to the nearest, and find out when another has become it") {
  Mirrored m;
  std::atomic<std::int64_t> delay_ns[2] = {5'000'000, 1'000'000};
  for (std::size_t i = 0; i < 2; ++i)
    m.stores[i]->after = [&, i](std::string_view, std::string_view) {
      m.clock.advance(delay_ns[i]);
    };
  REQUIRE(m.put("a", "x").ok());
  const auto reads = [&](std::size_t i) { return m.stores[i]->gets.load(); };
  for (int i = 0; i < 320; ++i) CHECK(m.get("a") == "x");
  CHECK(reads(1) > 300);
  CHECK(m.mirror->report().backends[1].read_time.count() == 1'000'000);
  const int before = reads(0);
  delay_ns[0] = 100'000;
  for (int i = 0; i < 1000; ++i) CHECK(m.get("a") == "x");
  CHECK(reads(0) - before > 300);
}

TEST_CASE("mirror: a listing is whole, whichever backend it comes from") {
  Mirrored m(2, {.write_quorum = 1});
  std::mt19937_64 random(test::seed());
  std::map<std::string, std::size_t> expected;
  for (int i = 0; i < 300; ++i) {
    const std::size_t which = random() % 3;
    if (which < 2) m.down(which);
    const std::string name = "n/" + std::to_string(random() % 150);
    const std::string text(random() % 10, 't');
    if (random() % 3 == 0) {
      REQUIRE(m.mirror->remove(name).ok());
      expected.erase(name);
    } else {
      REQUIRE(m.put(name, text).ok());
      expected[name] = text.size();
    }
    if (which < 2) m.up(which);
  }
  for (const std::size_t source : {std::size_t{0}, std::size_t{1}}) {
    m.down(1 - source);
    for (const std::size_t count_max : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
      std::map<std::string, std::size_t> listed;
      for (std::string after;;) {
        const auto page = m.mirror->list("n/", after, count_max).value();
        if (page.empty()) break;
        CHECK(page.size() <= count_max);
        for (const BlobListItem& item : page) listed[item.name] = item.size_bytes;
        CHECK(page.back().name > after);
        after = page.back().name;
      }
      CHECK(listed == expected);
    }
    m.up(1 - source);
  }
  CHECK(m.mirror->catch_up().value() == 0);
  CHECK(m.stores[0]->bytes.list("", "", 1000).value().size() == expected.size());
  CHECK(m.stores[1]->bytes.list("", "", 1000).value().size() == expected.size());
}

TEST_CASE("mirror: options that cannot be are refused") {
  test::TemporaryFolder folder;
  const auto store = std::make_shared<MemoryBlobStore>();
  const auto code = [&](std::vector<MirrorBackend> backends, std::size_t quorum) {
    return make_mirror({.backends = std::move(backends),
                        .write_quorum = quorum,
                        .journal_folder = folder / "mirror"})
        .code();
  };
  CHECK(code({{"a", store}}, 1) == Code::invalid_argument);
  CHECK(code({{"a", store}, {"a", store}}, 1) == Code::invalid_argument);
  CHECK(code({{"a", store}, {"", store}}, 1) == Code::invalid_argument);
  CHECK(code({{"a", store}, {"b/c", store}}, 1) == Code::invalid_argument);
  CHECK(code({{"a", store}, {"b", nullptr}}, 1) == Code::invalid_argument);
  CHECK(code({{"a", store}, {"b", store}}, 0) == Code::invalid_argument);
  CHECK(code({{"a", store}, {"b", store}}, 3) == Code::invalid_argument);
  Mirrored m;
  CHECK(make_mirror(m.options).code() == Code::busy);
}

TEST_CASE(
    "mirror: random changes through failing backends and restarts end even, and as acknowledged") {
  test::TestClock clock;
  test::DrivenPause pause(clock);
  const std::uint64_t rounds = test::scaled(4, 12, 200);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    CAPTURE(round);
    Mirrored m(2 + round % 2, {.write_quorum = 1 + round % 2,
                               .verify =
                                   [](std::string_view name, std::span<const std::uint8_t> bytes) {
                                     return as_text(bytes) == "bytes of " + std::string(name);
                                   },
                               .notes_max = 30});
    std::vector<std::shared_ptr<FaultyBlobs>> faulty;
    for (std::size_t i = 0; i < m.stores.size(); ++i) {
      faulty.push_back(
          std::make_shared<FaultBlobs>(m.stores[i],
                                       FaultOptions{.seed = test::seed() + round * 7 + i,
                                                    .errors = 100,
                                                    .lost_answers = 50,
                                                    .torn_puts = 30},
                                       pause));
      m.options.backends[i].store = faulty[i];
    }
    m.options.failures_max = 20;
    m.open();
    std::mt19937_64 random(test::seed() + round);
    // Each name gets one text for ever; "" is what was removed. Where an error was answered it is
    // either.
    std::map<std::string, std::set<std::string>> expected;
    for (int i = 0; i < 400; ++i) {
      const std::string name = "n/" + std::to_string(random() % 60);
      const std::string text = "bytes of " + name;
      const bool put = random() % 3 > 0;
      const Status done = put ? m.put(name, text) : m.mirror->remove(name);
      std::set<std::string>& may_be = expected[name];
      if (done.ok()) may_be.clear();
      if (!done.ok() && may_be.empty()) may_be.insert("not_found");
      may_be.insert(put ? text : "not_found");
      // A put that is repeated may tear all copies at once, until it is repeated once more.
      if (put && !done.ok()) may_be.insert("corruption");
      const std::string got = m.get(name);
      CAPTURE(got);
      CHECK((got == "unavailable" || may_be.contains(got)));
      if (random() % 40 == 0) m.open();
      if (random() % 20 == 0) (void)m.mirror->catch_up();
      if (random() % 30 == 0) m.clock.advance(kLongNs);
    }
    for (const auto& each : faulty) each->set({});
    m.clock.advance(kLongNs);
    for (auto& each : expected) {
      if (!each.second.contains("corruption")) continue;
      REQUIRE(m.put(each.first, "bytes of " + each.first).ok());
      each.second = {"bytes of " + each.first};
    }
    for (const MirrorBackendReport& backend : m.mirror->report().backends) {
      if (backend.behind) REQUIRE(m.mirror->resync(backend.name).ok());
    }
    CHECK(m.mirror->catch_up().value() == 0);
    CHECK(m.mirror->report().even());
    for (const auto& each : expected) (void)m.mirror->heal(each.first);
    for (const auto& each : expected) {
      const std::string& name = each.first;
      const std::set<std::string>& may_be = each.second;
      CAPTURE(name);
      const std::string got = m.get(name);
      CHECK(may_be.contains(got));
      if (may_be.size() > 1) continue;
      for (std::size_t i = 0; i < m.stores.size(); ++i) CHECK(m.in(i, name) == got);
    }
  }
}

}  // namespace
}  // namespace spind
