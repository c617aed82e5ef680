// What every store does, one thread at a time.
#include <string>

#include "unit/kv/store_kinds.h"

using namespace spind;
using namespace spind::kv;
using namespace spind::kv::test;

using Rows = std::vector<std::pair<std::string, std::string>>;

TEST_CASE_TEMPLATE("store: a commit is read back after it is durable", Kind, STORE_KINDS) {
  Kind store;
  const Answer answer = put(*store, "a1", "one");
  REQUIRE(answer.status.ok());
  CHECK(answer.ticket > 0);
  REQUIRE(store->wait(answer.ticket).ok());
  CHECK(read(*store->durable(), "a1") == "one");
  CHECK(store->durable()->ticket() >= answer.ticket);
  CHECK(store->latest() == answer.ticket);
}

TEST_CASE_TEMPLATE("store: readers do not see what is not durable", Kind, STORE_KINDS) {
  Kind store;
  const Answer answer = put(*store, "a1", "one");
  CHECK(read(*store->durable(), "a1") == std::nullopt);
  REQUIRE(store->wait(answer.ticket).ok());
  CHECK(read(*store->durable(), "a1") == "one");
}

TEST_CASE_TEMPLATE("store: a body sees the latest commit, durable or not", Kind, STORE_KINDS) {
  Kind store;
  REQUIRE(put(*store, "a1", "one").status.ok());
  std::optional<std::string> seen;
  const Answer answer = store->update({"a"}, [&](Transaction& transaction) -> Outcome {
    seen = read(transaction, "a1");
    return Commit{};
  });
  CHECK(answer.status.ok());
  CHECK(seen == "one");
}

TEST_CASE_TEMPLATE("store: a body reads its own writes", Kind, STORE_KINDS) {
  Kind store;
  for (const char* key : {"a1", "a3", "a5"}) REQUIRE(put(*store, key, "old").status.ok());
  Rows seen;
  const Answer answer = store->update({"a"}, [&](Transaction& transaction) -> Outcome {
    transaction.put(Family::state, "a0", "new");
    transaction.put(Family::state, "a3", "new");
    transaction.erase(Family::state, "a5");
    transaction.put(Family::state, "a7", "first");
    transaction.put(Family::state, "a7", "last");
    transaction.put(Family::state, "a8", "gone");
    transaction.erase(Family::state, "a8");
    transaction.put(Family::journal, "a2", "another family");
    CHECK(read(transaction, "a3") == "new");
    CHECK(read(transaction, "a5") == std::nullopt);
    CHECK(read(transaction, "a7") == "last");
    CHECK(read(transaction, "a8") == std::nullopt);
    seen = rows(transaction, "a", "b");
    return Commit{};
  });
  const Rows expected{{"a0", "new"}, {"a1", "old"}, {"a3", "new"}, {"a7", "last"}};
  CHECK(seen == expected);
  REQUIRE(store->wait(answer.ticket).ok());
  CHECK(rows(*store->durable(), "a", "b") == expected);
}

TEST_CASE_TEMPLATE("store: a scan in a body shows what was written before it", Kind, STORE_KINDS) {
  Kind store;
  for (const char* key : {"a1", "a2", "a3"}) REQUIRE(put(*store, key, "old").status.ok());
  (void)store->update({"a"}, [&](Transaction& transaction) -> Outcome {
    transaction.put(Family::state, "a2", "new");
    int count = 0;
    for (auto cursor = transaction.scan(Family::state, "a", "b"); cursor->valid();
         cursor->next(), ++count)
      transaction.put(Family::state, "a4" + std::to_string(count), "written while walking");
    CHECK(count == 3);
    CHECK(rows(transaction, "a", "b").size() == 6);
    return Commit{};
  });
}

TEST_CASE_TEMPLATE("store: a scan has a begin and an end", Kind, STORE_KINDS) {
  Kind store;
  Ticket last = 0;
  for (const char* key : {"a1", "a2", "a3", "a4"}) last = put(*store, key, "v").ticket;
  REQUIRE(store->wait(last).ok());
  const SnapshotRef snapshot = store->durable();
  CHECK(rows(*snapshot, "a2", "a4") == Rows{{"a2", "v"}, {"a3", "v"}});
  CHECK(rows(*snapshot, "a5", "b").empty());
  CHECK(rows(*snapshot, "a4", "a2").empty());
  CHECK(rows(*snapshot, "a2", "a2").empty());
  CHECK(rows(*snapshot, "", "\xff").size() == 4);
}

TEST_CASE_TEMPLATE("store: a scan goes back as it goes forward", Kind, STORE_KINDS) {
  Kind store;
  Ticket last = 0;
  for (const char* key : {"a1", "a2", "a3", "a4"}) last = put(*store, key, "v").ticket;
  last = erase(*store, "a3").ticket;
  REQUIRE(store->wait(last).ok());
  const SnapshotRef snapshot = store->durable();
  last = put(*store, "a35", "later").ticket;
  REQUIRE(store->wait(last).ok());
  const auto back = [&](std::string_view begin, std::string_view end) {
    std::string keys;
    const auto cursor = snapshot->scan_back(Family::state, begin, end);
    for (; cursor->valid(); cursor->next()) {
      keys += std::string(cursor->key()) + " ";
      CHECK(cursor->value() == "v");
    }
    CHECK(cursor->status().ok());
    return keys;
  };
  CHECK(back("a", "b") == "a4 a2 a1 ");
  CHECK(back("a2", "a4") == "a2 ");
  CHECK(back("a15", "a35") == "a2 ");
  CHECK(back("a4", "a2").empty());
  CHECK(back("a2", "a2").empty());
  CHECK(back("", "\xff") == "a4 a2 a1 ");
}

TEST_CASE_TEMPLATE("store: keys and values are any bytes", Kind, STORE_KINDS) {
  Kind store;
  const std::string key("a\0\xff\x00z", 5), value("\0\n\xfe", 3);
  REQUIRE(put(*store, key, value).status.ok());
  const Answer answer = put(*store, "a", "");
  REQUIRE(store->wait(answer.ticket).ok());
  CHECK(read(*store->durable(), key) == value);
  CHECK(read(*store->durable(), "a") == "");
}

TEST_CASE_TEMPLATE("store: families do not mix, and a commit over all is one", Kind, STORE_KINDS) {
  Kind store;
  const Family families[] = {Family::state, Family::journal, Family::attachment, Family::content};
  const Answer answer = store->update({"a"}, [&](Transaction& transaction) -> Outcome {
    for (Family family : families)
      transaction.put(family, "a", std::string(5000, static_cast<char>('0' + int(family))));
    return Commit{};
  });
  REQUIRE(store->wait(answer.ticket).ok());
  for (Family family : families)
    CHECK(read(*store->durable(), "a", family) ==
          std::string(5000, static_cast<char>('0' + int(family))));
}

TEST_CASE_TEMPLATE("store: a refusal writes nothing and names what it rests on", Kind,
                   STORE_KINDS) {
  Kind store;
  const Answer first = put(*store, "a1", "one");
  const Answer refused = store->update({"a"}, [&](Transaction& transaction) -> Outcome {
    transaction.put(Family::state, "a2", "two");
    return Error{Code::already_exists, "the name is taken"};
  });
  CHECK(refused.status.code() == Code::already_exists);
  CHECK(refused.ticket == first.ticket);
  REQUIRE(store->wait(refused.ticket).ok());
  CHECK(read(*store->durable(), "a1") == "one");
  CHECK(read(*store->durable(), "a2") == std::nullopt);
}

TEST_CASE_TEMPLATE("store: a commit of nothing names what it rests on", Kind, STORE_KINDS) {
  Kind store;
  const Answer first = put(*store, "a1", "one");
  const Answer nothing = store->update({"a"}, [](Transaction&) -> Outcome { return Commit{}; });
  CHECK(nothing.status.ok());
  CHECK(nothing.ticket == first.ticket);
}

TEST_CASE_TEMPLATE("store: a body that needs more runs again owning it", Kind, STORE_KINDS) {
  Kind store;
  int runs = 0;
  const Answer answer = store->update({"b", "b"}, [&](Transaction& transaction) -> Outcome {
    ++runs;
    transaction.put(Family::state, "b1", "run " + std::to_string(runs));
    if (!transaction.owns("a")) return Need{{"a", "b"}};
    CHECK(transaction.owns("b"));
    CHECK_FALSE(transaction.owns("c"));
    transaction.put(Family::state, "a1", "both");
    return Commit{};
  });
  CHECK(answer.status.ok());
  CHECK(runs == 2);
  REQUIRE(store->wait(answer.ticket).ok());
  CHECK(read(*store->durable(), "b1") == "run 2");
  CHECK(read(*store->durable(), "a1") == "both");
  CHECK(store->metrics().reruns == 1);
}

TEST_CASE_TEMPLATE("store: a body that never has enough is given up", Kind, STORE_KINDS) {
  Kind store;
  const Answer answer = store->update({"a"}, [](Transaction&) -> Outcome { return Need{{"b"}}; });
  CHECK(answer.status.code() == Code::aborted);
  CHECK(put(*store, "a1", "one").status.ok());
}

TEST_CASE_TEMPLATE("store: a snapshot does not change, nor does a cursor over it", Kind,
                   STORE_KINDS) {
  Kind store;
  Ticket last = 0;
  for (const char* key : {"a1", "a2", "a3"}) last = put(*store, key, "old").ticket;
  REQUIRE(store->wait(last).ok());
  SnapshotRef snapshot = store->durable();
  auto cursor = snapshot->scan(Family::state, "a", "b");
  for (int round = 0; round < 3; ++round) {
    REQUIRE(put(*store, "a2", "new " + std::to_string(round)).status.ok());
    REQUIRE(put(*store, "a15", "new").status.ok());
    last = erase(*store, "a3").ticket;
    REQUIRE(store->wait(last).ok());
  }
  CHECK(read(*store->durable(), "a3") == std::nullopt);
  CHECK(read(*snapshot, "a2") == "old");
  CHECK(read(*snapshot, "a3") == "old");
  snapshot.reset();
  Rows seen;
  for (; cursor->valid(); cursor->next()) seen.emplace_back(cursor->key(), cursor->value());
  CHECK(seen == Rows{{"a1", "old"}, {"a2", "old"}, {"a3", "old"}});
}

TEST_CASE_TEMPLATE("store: the oldest snapshot is the oldest that anybody holds", Kind,
                   STORE_KINDS) {
  Kind store;
  CHECK(store->oldest_snapshot() == 0);
  SnapshotRef start = store->durable();
  const Ticket first = put(*store, "a1", "one").ticket;
  REQUIRE(store->wait(first).ok());
  auto cursor = store->durable()->scan(Family::state, "a", "b");
  const Ticket second = put(*store, "a1", "two").ticket;
  REQUIRE(store->wait(second).ok());
  CHECK(store->oldest_snapshot() == 0);
  start.reset();
  CHECK(store->oldest_snapshot() == first);
  cursor.reset();
  CHECK(store->oldest_snapshot() == second);
}

TEST_CASE_TEMPLATE("store: what was durable is there after opening again", Kind, STORE_KINDS) {
  Kind store;
  const Answer answer = put(*store, "a1", "one");
  REQUIRE(store->wait(answer.ticket).ok());
  REQUIRE(put(*store, "a2", "written, and synced by closing").status.ok());
  store.close();
  store.open();
  CHECK(store->latest() == 0);
  CHECK(store->durable()->ticket() == 0);
  CHECK(read(*store->durable(), "a1") == "one");
  CHECK(read(*store->durable(), "a2") == "written, and synced by closing");
  const Answer again = put(*store, "a1", "two");
  REQUIRE(store->wait(again.ticket).ok());
  CHECK(read(*store->durable(), "a1") == "two");
}

TEST_CASE_TEMPLATE("store: counts what it does", Kind, STORE_KINDS) {
  Kind store;
  Ticket last = 0;
  for (int i = 0; i < 5; ++i) last = put(*store, "a" + std::to_string(i), "v").ticket;
  REQUIRE(store->wait(last).ok());
  (void)store->update({"a"}, [](Transaction&) -> Outcome { return Error{Code::busy, "no"}; });
  const Store::Metrics metrics = store->metrics();
  CHECK(metrics.commits == 5);
  CHECK(metrics.refusals == 1);
  CHECK(metrics.syncs == 1);
  CHECK(metrics.sync_group_commits == 5);
  CHECK(metrics.sync_group_buckets[2] == 1);
  CHECK(metrics.memory_bytes > 0);
  CHECK_FALSE(metrics.poisoned);
}
