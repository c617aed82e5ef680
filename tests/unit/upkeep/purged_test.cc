// What was purged keeps its rows until the floor has passed, and they are held against each other.
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

struct Purged : Planted {
  Purged() { entry = space().purge(Ref::node(gone)).value().entry; }
  std::string key() const { return model::purged_key(id(), {entry, 0}); }
  EntryNumber entry = 0;
};

TEST_CASE("check: a subtree that was purged is no finding") {
  Purged purged;
  CHECK(purged.store().findings(true) == "");
  CHECK(purged.row(Family::state, purged.key()) != "");
}

TEST_CASE("check: finds that the row of what was purged is lost, broken, or of another node") {
  Purged purged;
  const std::string row = purged.row(Family::state, purged.key());
  purged.erase(Family::state, purged.key());
  CHECK(purged.kinds() == Kinds{"locator", "orphan_children"});
  purged.put(Family::state, purged.key(), "broken");
  CHECK(purged.kinds().contains("trash_record"));
  auto record = model::decode_trash(row).value();
  record.node.id = 10'000;
  purged.put(Family::state, purged.key(), model::encode(record));
  CHECK(purged.kinds().contains("trash_locator"));
  CHECK(purged.kinds().contains("node_id"));
  record = model::decode_trash(row).value();
  ++record.node.totals.files;
  purged.put(Family::state, purged.key(), model::encode(record));
  CHECK(purged.kinds() == Kinds{"folder_totals"});
}

TEST_CASE("check: finds that the locator of what was purged is lost or leads elsewhere") {
  Purged purged;
  const std::string key = model::locator_key(purged.id(), purged.gone);
  const std::string locator = purged.row(Family::state, key);
  purged.erase(Family::state, key);
  CHECK(purged.kinds().contains("trash_locator"));
  purged.put(Family::state, key, model::encode(model::Locator{0, "", {purged.entry, 1}}));
  CHECK(purged.kinds().contains("trash_locator"));
  purged.put(Family::state, key, locator);
  CHECK(purged.store().findings() == "");
}

}  // namespace
}  // namespace spind::test
