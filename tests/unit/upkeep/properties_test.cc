// Properties and tags that do not agree with each other, or with the nodes.
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

struct Tagged : Planted {
  Tagged() {
    REQUIRE(space().set_properties("/work/essay", {{"colour", "blue"}, {"tag:draft", ""}}).ok());
    REQUIRE(space().set_properties("/", {{"colour", "red"}, {"tag:draft", ""}}).ok());
    REQUIRE(space().set_properties("/pack", {{"colour", "red"}, {"tag:gone", ""}}).ok());
    REQUIRE(space().remove("/pack").ok());
    property = model::property_key(id(), essay, "colour");
    tag_property = model::property_key(id(), essay, "tag:draft");
    tagged = model::tagged_key(id(), "draft", essay);
  }
  std::string property, tag_property, tagged;
};

TEST_CASE("check: properties and tags are no findings, of the root and in the trash neither") {
  Tagged planted;
  CHECK(planted.store().findings(true) == "");
  REQUIRE(planted.space().empty_trash().ok());
  CHECK(planted.store().findings(true) == "");
}

TEST_CASE("check: finds properties that are broken, or of a node that is not there") {
  Tagged planted;
  const std::string row = planted.row(Family::state, planted.property);
  planted.put(Family::state, planted.property, "broken");
  CHECK(planted.kinds() == Kinds{"property"});
  planted.put(Family::state, planted.property, row);
  planted.put(Family::state, model::property_key(planted.id(), 900, "colour"), row);
  CHECK(planted.kinds() == Kinds{"property"});
  planted.erase(Family::state, model::property_key(planted.id(), 900, "colour"));
  planted.put(Family::state, planted.tag_property, row);  // a tag with a value
  CHECK(planted.kinds() == Kinds{"property"});
  planted.put(Family::state, planted.tag_property, model::encode_property(""));
  const std::string cut = model::row_prefix(planted.id(), model::SpaceRow::property) + "cut";
  planted.put(Family::state, cut, row);
  CHECK(planted.kinds() == Kinds{"property"});
}

TEST_CASE("check: finds a tag that is not listed, and one that is listed and not there") {
  Tagged planted;
  planted.erase(Family::state, planted.tagged);
  CHECK(planted.kinds() == Kinds{"tag"});
  planted.put(Family::state, planted.tagged, "");
  CHECK(planted.kinds().empty());
  const std::string row = planted.row(Family::state, planted.tag_property);
  planted.erase(Family::state, planted.tag_property);
  CHECK(planted.kinds() == Kinds{"tag"});
  planted.put(Family::state, planted.tag_property, row);
  const std::string other = model::tagged_key(planted.id(), "other", planted.essay);
  planted.put(Family::state, other, "");
  CHECK(planted.kinds() == Kinds{"tag"});
  planted.erase(Family::state, other);
  planted.put(Family::state, model::row_prefix(planted.id(), model::SpaceRow::tagged) + "cut", "");
  CHECK(planted.kinds() == Kinds{"tag"});
}

}  // namespace
}  // namespace spind::test
