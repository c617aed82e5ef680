// What a store of sealed rows adds to what every store does.
#include <string>

#include "unit/kv/store_kinds.h"

using namespace spind;
using namespace spind::kv;
using namespace spind::kv::test;

namespace {

using SealedMemory = Sealed<MemoryKind>;

std::string below(SealedMemory& store, const std::string& key, Family family = Family::state) {
  return read(*store.sealing().below().durable(), key, family).value_or("");
}

Status put_below(SealedMemory& store, const std::string& key, const std::string& value) {
  return put_durably(store.sealing().below(), key, value);
}

}  // namespace

TEST_CASE("sealed: values are hidden below, keys are not, and equal values do not look equal") {
  SealedMemory store;
  REQUIRE(put_durably(*store, "a1", "the planted text").ok());
  REQUIRE(put_durably(*store, "a2", "the planted text").ok());
  const std::string first = below(store, "a1"), second = below(store, "a2");
  CHECK(first.size() == 16 + kBoxExtraBytes);
  CHECK(first.find("planted") == std::string::npos);
  CHECK(first != second);
  CHECK(read(*store->durable(), "a1") == "the planted text");
}

TEST_CASE("sealed: a value that lies under another key, or in another family, is damaged") {
  SealedMemory store;
  REQUIRE(put_durably(*store, "a1", "one").ok());
  REQUIRE(put_below(store, "a2", below(store, "a1")).ok());
  REQUIRE(put_durably(store.sealing().below(), "a1", below(store, "a1"), Family::journal).ok());
  CHECK(read(*store->durable(), "a1") == "one");
  CHECK(read(*store->durable(), "a2")->at(0) == '\xff');
  CHECK(read(*store->durable(), "a1", Family::journal)->at(0) == '\xff');
}

TEST_CASE("sealed: a plain or broken value is damaged, and a scan goes on behind it") {
  SealedMemory store;
  for (const char* key : {"a1", "a2", "a3", "a4"}) REQUIRE(put_durably(*store, key, "good").ok());
  std::string flipped = below(store, "a2");
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  REQUIRE(put_below(store, "a2", flipped).ok());
  REQUIRE(put_below(store, "a3", "plain").ok());
  const auto found = rows(*store->durable(), "a", "b");
  REQUIRE(found.size() == 4);
  CHECK(found[0].second == "good");
  // As it was found, so that it can be set aside.
  CHECK(found[1].second == '\xff' + flipped);
  CHECK(found[2].second == "\xffplain");
  CHECK(found[3].second == "good");
}

TEST_CASE("sealed: without keys reads answer that, and nothing is read as damaged") {
  SealedMemory store;
  REQUIRE(put_durably(*store, "a1", "one").ok());
  store.sealing().sealer().locked = true;
  CHECK(store->durable()->get(Family::state, "a1").code() == Code::key_unavailable);
  CHECK(store->durable()->get(Family::state, "a9").ok());
  const auto cursor = store->durable()->scan(Family::state, "a", "b");
  CHECK_FALSE(cursor->valid());
  CHECK(cursor->status().code() == Code::key_unavailable);
  const auto back = store->durable()->scan_back(Family::state, "a", "b");
  CHECK_FALSE(back->valid());
  CHECK(back->status().code() == Code::key_unavailable);
  store.sealing().sealer().locked = false;
  CHECK(read(*store->durable(), "a1") == "one");
}

TEST_CASE("sealed: a body does not run where keys cannot be had") {
  SealedMemory store;
  store.sealing().sealer().locked = true;
  bool ran = false;
  const Answer answer = store->update({"a"}, [&](Transaction&) -> Outcome {
    ran = true;
    return Commit{};
  });
  CHECK(answer.status.code() == Code::key_unavailable);
  CHECK_FALSE(ran);
}

TEST_CASE("sealed: a body whose keys go away in its midst commits nothing of what it wrote") {
  SealedMemory store;
  REQUIRE(put_durably(*store, "a1", "before").ok());
  const Answer answer = store->update({"a"}, [&](Transaction& transaction) -> Outcome {
    transaction.put(Family::state, "a1", "after");
    store.sealing().sealer().locked = true;
    transaction.put(Family::state, "a2", "never plain");
    return Commit{};
  });
  CHECK(answer.status.code() == Code::key_unavailable);
  store.sealing().sealer().locked = false;
  CHECK(read(*store->durable(), "a1") == "before");
  CHECK(read(*store->durable(), "a2") == std::nullopt);
  CHECK(below(store, "a2").empty());
}

TEST_CASE("sealed: a body that asks for more partitions gets their keys") {
  SealedMemory store;
  const Answer answer = store->update({"a"}, [&](Transaction& transaction) -> Outcome {
    if (!transaction.owns("b")) return Need{{"b"}};
    transaction.put(Family::state, "a1", "one");
    transaction.put(Family::state, "b1", "two");
    return Commit{};
  });
  REQUIRE(answer.status.ok());
  REQUIRE(store->wait(answer.ticket).ok());
  CHECK(read(*store->durable(), "b1") == "two");
  CHECK(below(store, "b1").size() == 3 + kBoxExtraBytes);
}

TEST_CASE("sealed: what is announced is opened, and an unreadable row as a damaged one") {
  struct Heard final : Observer {
    void publishing(Ticket, std::span<const Row> rows) override {
      for (const Row& row : rows) values.push_back(row.value.value_or("erased"));
    }
    void published(Ticket) override {}
    std::vector<std::string> values;
  } heard;
  SealedMemory store(&heard);
  const auto announce = [&](bool lock) {
    const Answer answer = store->update({"a"}, [&](Transaction& transaction) -> Outcome {
      transaction.put_announced(Family::state, "a1", "one");
      transaction.erase_announced(Family::state, "a2");
      return Commit{};
    });
    REQUIRE(answer.status.ok());
    store.sealing().sealer().locked = lock;
    REQUIRE(store->wait(answer.ticket).ok());
  };
  announce(false);
  CHECK(heard.values == std::vector<std::string>{"one", "erased"});
  announce(true);
  CHECK(heard.values.size() == 4);
  CHECK(heard.values[2] == "\xff");
}
