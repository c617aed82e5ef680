// What is wrong with the journal of a space and the requests that it answers is found.
#include "support/store/test_clock.h"
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

TEST_CASE("check: finds a request that is lost, leads to another entry, or belongs to none") {
  Planted planted;
  const std::string key = model::request_key(planted.id(), "ada", "essay");
  const std::string row = planted.row(Family::state, key);
  planted.erase(Family::state, key);
  CHECK(planted.kinds() == Kinds{"request"});
  planted.put(Family::state, key, model::encode_count(1));
  CHECK(planted.kinds() == Kinds{"request"});
  planted.put(Family::state, key, "broken");
  CHECK(planted.kinds() == Kinds{"request"});
  planted.put(Family::state, key, row);
  CHECK(planted.store().findings() == "");
  planted.put(Family::state, model::request_key(planted.id(), "ada", "stray"),
              model::encode_count(2));
  CHECK(planted.kinds() == Kinds{"request"});
  planted.erase(Family::state, key);
  CHECK(planted.check().findings_total == 2);
}

TEST_CASE("check: finds an entry that is lost or changed, and a head that is not at its end") {
  Planted lost;
  lost.erase(Family::journal, model::skeleton_key(lost.id(), 3));
  CHECK(lost.kinds() == Kinds{"journal"});
  Planted changed;
  changed.put(Family::journal, model::payload_key(changed.id(), 3),
              changed.row(Family::journal, model::payload_key(changed.id(), 4)));
  CHECK(changed.kinds() == Kinds{"journal"});
  Planted chain;
  chain.change_head([](model::Head& head) { ++head.chain[5]; });
  CHECK(chain.kinds() == Kinds{"head"});
  Planted visible;
  visible.change_head([](model::Head& head) { ++head.visible; });
  CHECK(visible.kinds() == Kinds{"head"});
  Planted headless;
  headless.erase(Family::state, model::head_key(headless.id()));
  CHECK(headless.kinds() == Kinds{"head"});
}

TEST_CASE("check: a space whose first entry is older than 1970 is right") {
  TestClock clock;
  clock.jump(-2 * TestClock::kStart_ns);
  Planted planted(seams_with(clock));
  REQUIRE(planted.space().info().value().created_ns < 0);
  CHECK(planted.store().findings() == "");
}

}  // namespace
}  // namespace spind::test
