// Changed rows over a snapshot read as if a store held them.
#include <map>
#include <random>

#include "kv/overlay.h"
#include "unit/kv/store_kinds.h"

namespace spind::kv::test {
namespace {

using Rows = std::map<std::string, std::string>;

std::string key_of(std::uint64_t number) { return "p" + std::to_string(1000 + number); }

Rows all_rows(const View& view, Family family, const std::string& begin, const std::string& end) {
  Rows rows;
  std::string last;
  const auto cursor = view.scan(family, begin, end);
  for (; cursor->valid(); cursor->next()) {
    CHECK(cursor->key() > last);
    last = cursor->key();
    rows.emplace(cursor->key(), cursor->value());
  }
  CHECK(cursor->status().ok());
  return rows;
}

Rows rows_back(const Snapshot& view, Family family, const std::string& begin,
               const std::string& end) {
  Rows rows;
  std::string last = end;
  const auto cursor = view.scan_back(family, begin, end);
  for (; cursor->valid(); cursor->next()) {
    CHECK(cursor->key() < last);
    last = cursor->key();
    rows.emplace(cursor->key(), cursor->value());
  }
  CHECK(cursor->status().ok());
  return rows;
}

void compare(const View& view, const Rows& expected, std::mt19937_64& random) {
  for (int probe = 0; probe < 20; ++probe) {
    const std::string key = key_of(random() % 120);
    const auto found = view.get(Family::state, key);
    REQUIRE(found.ok());
    const auto wanted = expected.find(key);
    REQUIRE(found->has_value() == (wanted != expected.end()));
    if (found->has_value()) CHECK(**found == wanted->second);
  }
  CHECK(all_rows(view, Family::state, "p", "q") == expected);
  for (int range = 0; range < 10; ++range) {
    const std::string begin = key_of(random() % 120), end = key_of(random() % 120);
    Rows wanted;
    if (begin < end) wanted = Rows(expected.lower_bound(begin), expected.lower_bound(end));
    CHECK(all_rows(view, Family::state, begin, end) == wanted);
    const auto* snapshot = dynamic_cast<const Snapshot*>(&view);
    if (snapshot != nullptr) CHECK(rows_back(*snapshot, Family::state, begin, end) == wanted);
  }
}

TEST_CASE_TEMPLATE("overlay: reads and scans the rows below and its own as one state", Kind,
                   STORE_KINDS) {
  std::mt19937_64 random(spind::test::seed());
  for (int round = 0; round < 20; ++round) {
    Kind kind;
    Rows expected;
    const Answer written = kind->update({"p"}, [&](Transaction& rows) {
      for (std::uint64_t i = 0; i < 60; ++i) {
        const std::string key = key_of(random() % 100);
        rows.put(Family::state, key, "below " + std::to_string(i));
        expected[key] = "below " + std::to_string(i);
      }
      rows.put(Family::journal, "p2", "another family");
      return Outcome(Commit{});
    });
    REQUIRE(written.status.ok());
    REQUIRE(kind->wait(written.ticket).ok());

    const SnapshotRef below = kind->durable();
    const Rows rows_below = expected;
    Overlay overlay(below);
    for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(round) * 10; ++i) {
      const std::string key = key_of(random() % 110);
      if (random() % 3 == 0) {
        overlay.erase(Family::state, key);
        expected.erase(key);
      } else {
        overlay.put(Family::state, key, "over " + std::to_string(i));
        expected[key] = "over " + std::to_string(i);
      }
      if (i % 40 == 0) compare(overlay, expected, random);
    }
    compare(overlay, expected, random);
    CHECK((overlay.memory_bytes() > 0) == (round > 0));
    const SnapshotRef frozen = std::move(overlay).freeze();
    compare(*frozen, expected, random);
    CHECK(frozen->ticket() == below->ticket());
    CHECK(all_rows(*frozen, Family::journal, "p", "q").size() == 1);
    compare(*below, rows_below, random);
  }
}

TEST_CASE("overlay: a cursor holds what it walks over, and sees no later write") {
  MemoryKind kind;
  Overlay overlay(kind->durable());
  overlay.put(Family::state, "pa", "1");
  overlay.put(Family::state, "pb", "2");
  auto cursor = overlay.scan(Family::state, "p", "q");
  overlay.erase(Family::state, "pb");
  overlay.put(Family::state, "pc", "3");
  cursor->next();
  REQUIRE(cursor->valid());
  CHECK(cursor->key() == "pb");
  CHECK(cursor->value() == "2");

  SnapshotRef frozen = std::move(overlay).freeze();
  cursor = frozen->scan(Family::state, "p", "q");
  frozen.reset();
  REQUIRE(cursor->valid());
  CHECK(cursor->key() == "pa");
  cursor->next();
  CHECK(cursor->key() == "pc");
  cursor->next();
  CHECK_FALSE(cursor->valid());
}

}  // namespace
}  // namespace spind::kv::test
