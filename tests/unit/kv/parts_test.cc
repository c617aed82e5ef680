// The parts that stores are made of.
#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "kv/commit_line.h"
#include "kv/gathering.h"
#include "kv/partition_locks.h"
#include "kv/write_set.h"
#include "support/harness.h"

using namespace spind;
using namespace spind::kv;

TEST_CASE("locks: exclude each other in any order of asking, and leave nothing behind") {
  PartitionLocks locks;
  const std::vector<std::string> names{"a", "b", "c", "d"};
  int counters[4] = {};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(spind::test::seed() + t);
      for (int round = 0; round < 2000; ++round) {
        std::vector<std::string> wanted;
        for (int i = 0; i < 3; ++i) wanted.push_back(names[random() % 4]);
        normalise(wanted);
        const auto held = locks.acquire(wanted);
        for (const std::string& name : wanted) ++counters[name[0] - 'a'];
        CHECK(locks.size() <= 4);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counters[0] + counters[1] + counters[2] + counters[3] > 8 * 2000);
  CHECK(locks.size() == 0);
}

TEST_CASE("locks: a key belongs to the partition that it begins with") {
  const std::vector<std::string> owned{"p1", "q\xff"};
  CHECK(owns_key(owned, "p1"));
  CHECK(owns_key(owned, "p1/x"));
  CHECK_FALSE(owns_key(owned, "p"));
  CHECK_FALSE(owns_key(owned, "p2"));
  CHECK(owns_range(owned, "p1", "p2"));
  CHECK(owns_range(owned, "p1a", "p1b"));
  CHECK_FALSE(owns_range(owned, "p1", "p3"));
  CHECK_FALSE(owns_range(owned, "p0", "p1"));
  CHECK(owns_range(owned, "q\xff", "r"));
  CHECK_FALSE(owns_range(owned, "q\xff", "r1"));
  CHECK_FALSE(owns_range({}, "a", "b"));
}

TEST_CASE("write set: holds the last write of each key, few or many") {
  WriteSet writes;
  std::map<std::string, std::optional<std::string>> model;
  std::mt19937_64 random(spind::test::seed());
  for (int step = 0; step < 3000; ++step) {
    const std::string key = "k" + std::to_string(random() % (step < 100 ? 10 : 400));
    const std::string value(random() % 300, static_cast<char>('a' + random() % 26));
    const bool erased = random() % 4 == 0;
    if (erased)
      writes.erase(Family::state, key, false);
    else
      writes.put(Family::state, key, value, false);
    model[key] = erased ? std::nullopt : std::optional(value);

    const std::string probe = "k" + std::to_string(random() % 400);
    const WriteSet::Write* found = writes.find(Family::state, probe);
    const auto expected = model.find(probe);
    REQUIRE((found != nullptr) == (expected != model.end()));
    if (found == nullptr) continue;
    REQUIRE(found->erased == !expected->second);
    if (!found->erased) REQUIRE(found->value == *expected->second);
    REQUIRE(writes.find(Family::journal, probe) == nullptr);
  }
  const auto between = writes.between(Family::state, "k1", "k3");
  auto expected = model.lower_bound("k1");
  for (const WriteSet::Write& write : between) REQUIRE(write.key == (expected++)->first);
  CHECK(expected == model.lower_bound("k3"));
  writes.clear();
  CHECK(writes.empty());
  CHECK(writes.find(Family::state, "k1") == nullptr);
}

TEST_CASE("write set: what was announced once is announced with its last value") {
  WriteSet writes;
  writes.put(Family::state, "a", "1", false);
  writes.put(Family::state, "b", "1", true);
  writes.put(Family::state, "b", "2", false);
  writes.put(Family::state, "c", "1", false);
  writes.erase(Family::state, "c", true);
  const auto rows = writes.announced_rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].key == "b");
  CHECK(rows[0].value == "2");
  CHECK(rows[1].key == "c");
  CHECK(rows[1].value == std::nullopt);
}

TEST_CASE("commit line: knows up to where all have reported, in whatever order they do") {
  std::mt19937_64 random(spind::test::seed());
  std::vector<TicketRange> ranges;
  for (Ticket next = 1; ranges.size() < 200;) {
    const Ticket length = 1 + random() % 5;
    ranges.push_back({next, next + length - 1});
    next += length;
  }
  std::shuffle(ranges.begin(), ranges.end(), random);
  CommitLine line(0);
  std::vector<bool> reported(2000, false);
  Ticket taken_until = 0, latest = 0;
  for (const TicketRange& range : ranges) {
    line.report(range, 1, {});
    latest = std::max(latest, range.last);
    for (Ticket t = range.first; t <= range.last; ++t) reported[t] = true;
    Ticket until = 0;
    while (reported[until + 1]) ++until;
    REQUIRE(line.reported_until() == until);
    REQUIRE(line.latest() == latest);
    if (random() % 8 != 0) continue;
    for (const auto& commit : line.take(until)) {
      REQUIRE(commit.tickets.first == taken_until + 1);
      taken_until = commit.tickets.last;
    }
    REQUIRE(taken_until == until);
  }
  CHECK(line.reported_until() == latest);
}

TEST_CASE("gathering: waits for those on their way back, unless they do not come") {
  Gathering gathering;
  CHECK(gathering.plan().commits == 0);
  for (int round = 0; round < 50; ++round) gathering.round_done(10, 6, 1'000'000);
  const Gathering::Plan plan = gathering.plan();
  CHECK(plan.commits == 16);
  CHECK(plan.patience_ns > 400'000);
  CHECK(plan.patience_ns <= 500'000);
  gathering.waited(true);
  CHECK(gathering.plan().commits == 16);
  int waits = 0;
  for (int round = 0; round < 300; ++round) {
    if (gathering.plan().commits == 0) continue;
    gathering.waited(false);
    ++waits;
  }
  CHECK(waits >= 5);
  CHECK(waits < 15);
}

TEST_CASE("gathering: never waits where a sync is fast") {
  Gathering gathering;
  for (int round = 0; round < 50; ++round) gathering.round_done(10, 6, 5'000);
  CHECK(gathering.plan().commits == 0);
}
