// Spaces and catalogue are held against each other, in both directions.
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

const SpaceId kOtherSpace{{0x40, 1, 2, 3}};

TEST_CASE("check: finds an alias that is lost, stale, broken, or leads to no space") {
  Planted planted;
  const auto key = [](const char* alias) { return model::catalogue_alias_key("default", alias); };
  const std::string row = planted.row(Family::state, key("planted"));
  planted.erase(Family::state, key("planted"));
  CHECK(planted.kinds() == Kinds{"alias"});
  planted.put(Family::state, key("planted"), row);
  CHECK(planted.store().findings() == "");
  planted.put(Family::state, key("earlier"), row);
  CHECK(planted.kinds() == Kinds{"alias"});
  planted.put(Family::state, key("earlier"), as_text(kOtherSpace.bytes));
  CHECK(planted.kinds() == Kinds{"alias"});
  planted.put(Family::state, key("earlier"), "broken");
  CHECK(planted.kinds() == Kinds{"alias"});
}

TEST_CASE("check: finds a space that the catalogue does not list, and looks into it all the same") {
  Planted planted;
  planted.store().make_space("another");
  planted.erase(Family::state,
                model::catalogue_space_key("default", SpaceKind::personal, planted.id()));
  CHECK(planted.kinds() == Kinds{"catalogue"});
  CHECK(planted.check().spaces == 2);
  planted.change_node("/work", [](model::NodeRecord& node) { node.changed = 1; });
  CHECK(planted.kinds() == Kinds{"catalogue", "folder_changed"});
}

TEST_CASE("check: finds a space that the catalogue lists under another kind or tenant") {
  Planted planted;
  const std::string key = model::info_key(planted.id());
  const auto record = model::decode_space(planted.row(Family::state, key)).value();
  model::SpaceRecord changed = record;
  changed.kind = SpaceKind::project;
  planted.put(Family::state, key, model::encode(changed));
  CHECK(planted.kinds() == Kinds{"catalogue"});
  planted.put(Family::state, key, model::encode(record));
  planted.put(Family::state,
              model::catalogue_space_key("elsewhere", SpaceKind::personal, planted.id()), "");
  CHECK(planted.kinds() == Kinds{"catalogue"});
}

TEST_CASE("check: finds a space of the catalogue that has no rows") {
  Planted planted;
  planted.put(Family::state,
              model::catalogue_space_key("default", SpaceKind::personal, kOtherSpace), "");
  CHECK(planted.kinds() == Kinds{"catalogue"});
}

TEST_CASE("check: finds a broken space record while readers still see a good one in memory") {
  Planted planted;
  planted.put(Family::state, model::info_key(planted.id()), "broken");
  REQUIRE(planted.space().info().ok());
  const CheckReport report = planted.check();
  REQUIRE(report.findings_total == 1);
  CHECK(report.findings[0].kind == "space_record");
  CHECK(report.findings[0].space == planted.id());
}

}  // namespace
}  // namespace spind::test
