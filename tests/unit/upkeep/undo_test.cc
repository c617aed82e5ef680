// Undoing the newest entries and doing them again must give the same rows.
#include "support/store/content.h"
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

TEST_CASE("check: finds a state that is not what its journal says") {
  Planted author;
  author.change_node("/work/notes", [](model::NodeRecord& node) { node.current.author = "eve"; });
  CHECK(author.kinds() == Kinds{"undo"});
  Planted mtime;
  mtime.change_node("/work/essay",
                    [](model::NodeRecord& node) { node.mtime_ns = node.current.mtime_ns = 77; });
  CHECK(mtime.kinds() == Kinds{"undo"});
  CHECK(mtime.check().findings_total == 1);
}

TEST_CASE("check: undoes rewinds, and rewinds of rewinds") {
  Planted planted;
  Space& space = planted.space();
  const EntryNumber whole = space.info().value().entry;
  space.rewind({.entry = 2}).value();
  CHECK(planted.store().findings(true) == "");
  space.put("/after", content(3, 30'000)).value();
  space.rewind({.entry = whole}).value();
  space.rewind({.entry = whole + 2}).value();
  CHECK(planted.store().findings(true) == "");
  planted.change_node("/after", [](model::NodeRecord& node) { node.current.author = "eve"; });
  CHECK(planted.kinds() == Kinds{"undo"});
}

TEST_CASE("check: a row of the trash from before it said who removed the node is no finding") {
  Planted planted;
  const std::string key = planted.trash_key();
  auto record = model::decode_trash(planted.row(Family::state, key)).value();
  REQUIRE(record.removed_by == "ada");
  record.removed_by.clear();
  record.removed_ns = 0;
  planted.put(Family::state, key, model::encode(record));
  CHECK(planted.store().findings(true) == "");
  record.name = "another";
  planted.put(Family::state, key, model::encode(record));
  CHECK(planted.kinds().contains("undo"));
}

TEST_CASE("check: a piece that undoing a rewind would bring back must be held") {
  Planted planted;
  planted.space().rewind({.entry = 2}).value();
  CHECK(planted.store().findings() == "");
  planted.erase(Family::content, model::holder_key(planted.vault(), planted.piece(), planted.id()));
  CHECK(planted.kinds() == Kinds{"dropped", "unheld_piece"});
}

TEST_CASE("check: of a long journal the newest entries are undone, as many as fit") {
  Planted planted;
  const Session deferred = planted.store().session("ada", true);
  const Space fast = deferred.space(planted.id()).value();
  const std::string long_name(240, 'x');  // some 1,500 bytes of rows an entry
  for (int i = 0; i < 16'000; ++i)
    fast.put("/many/" + std::to_string(i) + long_name, "", {.make_parents = true}).value();
  REQUIRE(deferred.wait().ok());
  CHECK(planted.store().findings() == "");
  // What lies deeper is not looked at.
  planted.change_node("/work/notes", [](model::NodeRecord& node) { node.current.author = "eve"; });
  CHECK(planted.store().findings() == "");
  // A rewind that takes more than that to undo ends it.
  planted.space().rewind({.entry = 5'000}).value();
  CHECK(planted.store().findings() == "");
}

TEST_CASE("past: is kept from the floor on, and no way leads below it") {
  Planted planted;
  const Space& space = planted.space();
  const EntryNumber last = space.info().value().entry;
  space.rewind({.entry = 5}).value();
  constexpr EntryNumber kFloor = 5;
  planted.change_head([](model::Head& head) { head.floor = kFloor; });
  for (EntryNumber number = 1; number <= kFloor; ++number) {
    planted.erase(Family::journal, model::skeleton_key(planted.id(), number));
    planted.erase(Family::journal, model::payload_key(planted.id(), number));
  }
  planted.put(Family::state, model::trimmed_key(planted.id()), model::encode_count(kFloor));
  CHECK(space.at({.entry = kFloor}).value().info().value().entry == kFloor);
  CHECK(space.at({.entry = last}).value().info().value().entry == last);
  CHECK(space.at({.entry = kFloor - 1}).code() == Code::cursor_too_old);
  CHECK(space.rewind({.entry = kFloor - 1}).code() == Code::cursor_too_old);
  CHECK(space.at({.time_ns = 1}).code() == Code::cursor_too_old);
  CHECK(space.at({.time_ns = INT64_MAX}).value().info().value().entry == last + 1);
  CHECK(planted.store().findings() == "");
  // One higher, and the way from before the rewind to after it is cut.
  planted.change_head([](model::Head& head) { head.floor = kFloor + 1; });
  CHECK(space.at({.entry = last}).code() == Code::cursor_too_old);
  CHECK(space.at({.entry = last + 1}).ok());
}

}  // namespace
}  // namespace spind::test
