// What a repair must not do: drop a row that it sets aside, give up more of the past than is lost,
// or make away with bytes that are wanted.
#include <future>

#include "model/aside.h"
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

CheckReport repair(Planted& planted) {
  CheckOptions options;
  options.repair = true;
  return planted.store().store().check(options).value();
}

TEST_CASE("repair: a row that is taken away is kept in the note, as it was") {
  Planted planted;
  const std::string node = planted.node_key("/work/notes");
  const std::string version = model::version_key(planted.id(), planted.essay, 1);
  planted.put(Family::state, node, "half a node");
  planted.put(Family::state, version, "half a version");
  CHECK(repair(planted).findings_left == 0);
  const std::string partition = model::space_partition(planted.id());
  for (const auto& [kind, key, row] : {std::tuple{"node_record", node, "half a node"},
                                       {"version_record", version, "half a version"}}) {
    const std::string note = planted.row(Family::state, model::aside_key(partition, kind, key));
    const model::AsideRecord record = model::decode_aside(note).value();
    CHECK(record.row == row);
    CHECK(record.family == static_cast<std::uint8_t>(Family::state));
    CHECK_FALSE(planted.rows().durable()->get(Family::state, key).value().has_value());
  }
}

TEST_CASE("repair: can be cancelled while it waits for a collection") {
  Planted planted;
  const Store& store = planted.store().store();
  bool cancelled = false;
  CollectOptions collection{.grace = std::chrono::seconds(0)};
  collection.progress = [&](const Progress&) {
    if (cancelled) return true;
    CheckOptions options;
    options.repair = true;
    options.cancel.emplace();
    auto repair = std::async(std::launch::async, [&] { return store.check(options).code(); });
    (void)repair.wait_for(std::chrono::milliseconds(200));  // more than it needs if it can go on
    options.cancel->cancel();
    cancelled = repair.get() == Code::cancelled;
    return true;
  };
  CHECK(store.collect(collection).ok());
  CHECK(cancelled);
}

TEST_CASE("repair: of the past no more is given up than is lost") {
  Planted planted;
  const EntryNumber floor = planted.space().info()->floor;
  planted.put(Family::state, model::trimmed_key(planted.id()), model::encode_count(4));
  CHECK(repair(planted).repaired == 1);
  CHECK(planted.space().info()->floor == floor);
  CHECK(*planted.space().at({.entry = 2})->get("/work/essay") == "first");
  // An entry that is lost ends it, wherever the mark is put.
  planted.put(Family::state, model::trimmed_key(planted.id()), model::encode_count(2));
  planted.erase(Family::journal, model::skeleton_key(planted.id(), 3));
  CHECK(repair(planted).findings_left == 0);
  CHECK(planted.space().info()->floor == 3);
  CHECK(*planted.space().at({.entry = 3})->get("/work/essay") == "second");
  CHECK(planted.store().store().collect().ok());
  CHECK(planted.store().findings() == "");
}

TEST_CASE("repair: a piece whose holders are lost is not condemned before they could be found") {
  Planted planted;
  REQUIRE(planted.store().store().collect().ok());  // so that nobody looks at the piece any more
  const std::string condemned = model::condemned_key(planted.vault(), planted.piece());
  planted.erase(Family::state, model::reference_key(planted.id(), planted.piece()));
  planted.erase(Family::content, model::holder_key(planted.vault(), planted.piece(), planted.id()));
  bool seen = false;
  planted.before_update([&] {
    seen = seen || planted.rows().durable()->get(Family::content, condemned).value().has_value();
  });
  CHECK(repair(planted).findings_left == 0);
  planted.before_update(nullptr);
  CHECK_FALSE(seen);
  REQUIRE(planted.store().store().collect({.grace = std::chrono::seconds(0)}).ok());
  CHECK(*planted.space().get("/pack") == content(1, 40'000));
  CHECK(planted.store().findings(true) == "");
}

TEST_CASE(
    "repair: content that a rewind brings back is given up under the entry that let go of it") {
  Planted planted;
  const Written removed = planted.space().remove_version("/work/essay", 1).value();
  std::string lost;
  const std::string prefix = model::row_prefix(planted.id(), model::SpaceRow::unused);
  {
    const kv::SnapshotRef rows = planted.rows().durable();
    const auto cursor = rows->scan(Family::state, prefix, model::end_of(prefix));
    REQUIRE(cursor->valid());
    lost = cursor->key();
  }
  planted.erase(Family::state, lost);
  planted.space().put("/later", "another entry").value();
  CHECK(repair(planted).findings_left == 0);
  CHECK(planted.rows().durable()->get(Family::state, lost).value().has_value());
  REQUIRE(planted.space().rewind({.entry = removed.entry - 1}).ok());
  planted.store()
      .store()
      .collect({.grace = std::chrono::seconds(0), .forget = planted.id()})
      .value();
  CHECK(*planted.space().get("/work/essay", {.version = 1}) == "first");
  CHECK(planted.store().findings(true) == "");
}

TEST_CASE("repair: one at a time; another one hears that it is busy") {
  Planted planted;
  planted.put(Family::state, planted.node_key("/work/notes"), "half a node");
  CheckOptions options;
  options.repair = true;
  std::set<Code> others;
  planted.before_update([&] {
    others.insert(planted.store().store().check(options).code());
    CHECK(planted.store().store().check().ok());  // looking is always possible
  });
  CHECK(planted.store().store().check(options)->findings_left == 0);
  planted.before_update(nullptr);
  CHECK(others == std::set{Code::busy});
  CHECK(repair(planted).findings_total == 0);
}

}  // namespace
}  // namespace spind::test
