// What is wrong with the tree of a space, its versions and its trash is found.
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

TEST_CASE("check: a healthy store has no findings, whether its content is read or not") {
  for (const NameRule names : {NameRule::exact, NameRule::folded}) {
    Planted planted({}, names);
    CHECK(planted.store().findings(false) == "");
    CHECK(planted.store().findings(true) == "");
    REQUIRE(planted.store().store().collect({.grace = std::chrono::seconds(0)}).ok());
    CHECK(planted.store().findings(true) == "");
  }
}

TEST_CASE("check: finds that all rows of a file's earlier versions are lost") {
  Planted planted;
  planted.erase(Family::state, model::version_key(planted.id(), planted.essay, 1));
  planted.erase(Family::state, model::version_key(planted.id(), planted.essay, 2));
  CHECK(planted.kinds() == Kinds{"attachment", "versions"});
}

TEST_CASE("check: finds that one of several earlier versions is lost, and of which file") {
  Planted planted;
  planted.erase(Family::state, model::version_key(planted.id(), planted.essay, 1));
  const CheckReport report = planted.check();
  CHECK(planted.kinds() == Kinds{"attachment", "version_bytes", "versions"});
  for (const CheckFinding& finding : report.findings)
    if (finding.kind != "attachment") CHECK(finding.node == planted.essay);
}

TEST_CASE("check: finds versions of a node that is not there, and ones behind the current one") {
  Planted planted;
  const std::string version =
      planted.row(Family::state, model::version_key(planted.id(), planted.essay, 2));
  planted.put(Family::state, model::version_key(planted.id(), 900, 2), version);
  CHECK(planted.kinds() == Kinds{"attachment", "orphan_versions"});
  Planted other;
  other.erase(Family::state, model::version_key(other.id(), other.essay, 2));
  other.put(Family::state, model::version_key(other.id(), other.essay, 3), version);
  CHECK(other.kinds().contains("versions"));
  CHECK(other.kinds().contains("version_record"));
}

TEST_CASE("check: finds a folder that says it changed before its child did") {
  Planted planted;
  planted.change_node("/work", [](model::NodeRecord& node) { node.changed = 1; });
  const CheckReport report = planted.check();
  REQUIRE(report.findings_total == 1);
  CHECK(report.findings[0].kind == "folder_changed");
  CHECK(report.findings[0].node == planted.work);
}

TEST_CASE("check: a folder that is newer than what is left in it is right") {
  Planted planted;
  REQUIRE(planted.space().remove("/work/notes").ok());
  REQUIRE(planted.space().move("/work/essay", "/essay").ok());
  CHECK(planted.store().findings() == "");
}

TEST_CASE("check: finds totals that its children do not come to, and totals without children") {
  Planted planted;
  planted.change_node("/work", [](model::NodeRecord& node) { ++node.totals.files; });
  CHECK(planted.kinds() == Kinds{"folder_totals"});
  Planted other;
  REQUIRE(other.space().make_folder("/empty").ok());
  other.change_node("/empty", [](model::NodeRecord& node) { node.totals.live_bytes = 1; });
  CHECK(other.kinds() == Kinds{"folder_totals"});
}

TEST_CASE("check: finds a broken folder record while readers still see a good one in memory") {
  Planted planted;
  REQUIRE(planted.space().stat("/work/notes").ok());
  planted.put(Family::state, planted.node_key("/work"), "broken");
  REQUIRE(planted.space().stat("/work/notes").ok());
  CHECK(planted.kinds().contains("node_record"));
}

TEST_CASE("check: finds locators that are lost, stray, or lead elsewhere") {
  Planted lost;
  lost.erase(Family::state, model::locator_key(lost.id(), lost.notes));
  CHECK(lost.kinds() == Kinds{"locator"});
  Planted stray;
  stray.put(Family::state, model::locator_key(stray.id(), 900),
            model::encode(model::Locator{kRootNode, "nothing", {}}));
  CHECK(stray.kinds() == Kinds{"locator"});
  Planted elsewhere;
  elsewhere.put(Family::state, model::locator_key(elsewhere.id(), elsewhere.notes),
                model::encode(model::Locator{kRootNode, "notes", {}}));
  CHECK(elsewhere.kinds() == Kinds{"locator"});
}

TEST_CASE("check: finds children of a folder that is not there, a lost root, ids never given out") {
  Planted planted;
  planted.erase(Family::state, planted.node_key("/work"));
  CHECK(planted.kinds().contains("orphan_children"));
  Planted rootless;
  rootless.erase(Family::state, model::node_key(rootless.id(), 0, ""));
  CHECK(rootless.kinds().contains("root"));
  Planted head;
  head.change_head([](model::Head& record) { record.next_node = 2; });
  CHECK(head.kinds() == Kinds{"node_id"});
}

TEST_CASE("check: finds what is wrong with a node in the trash") {
  Planted planted;
  const std::string key = planted.trash_key();
  const auto trash = model::decode_trash(planted.row(Family::state, key)).value();
  const auto put = [&](const auto& change) {
    model::TrashRecord changed = trash;
    change(changed.node);
    planted.put(Family::state, key, model::encode(changed));
  };
  put([](model::NodeRecord& node) { node.changed = 10'000; });
  CHECK(planted.kinds() == Kinds{"node_changed"});
  put([](model::NodeRecord& node) { node.changed = 0; });
  CHECK(planted.kinds() == Kinds{"folder_changed"});
  put([](model::NodeRecord& node) { node.id = 10'000; });
  CHECK(planted.kinds().contains("node_id"));
  CHECK(planted.kinds().contains("trash_locator"));
  put([](model::NodeRecord&) {});
  CHECK(planted.store().findings() == "");
  planted.put(Family::state, key, "broken");
  CHECK(planted.kinds().contains("trash_record"));
  planted.put(Family::state, key, model::encode(trash));
  planted.change_head([](model::Head& head) { ++head.trash_bytes; });
  CHECK(planted.kinds() == Kinds{"trash_bytes"});
}

TEST_CASE("check: finds what is wrong with what is staged") {
  Planted planted;
  const Written copied = planted.space().copy("/work", "/copy").value();
  // To where all was staged and nothing was attached.
  REQUIRE(planted.space().rewind({.entry = copied.entry - 1}).ok());
  CHECK(planted.store().findings(true) == "");
  const std::string key = model::staged_key(planted.id(), {copied.entry - 1, 0});
  const auto top = model::decode_node(planted.row(Family::state, key)).value();
  const auto put = [&](const auto& change) {
    model::NodeRecord changed = top;
    change(changed);
    planted.put(Family::state, key, model::encode(changed));
  };
  put([](model::NodeRecord& node) { ++node.totals.files; });
  CHECK(planted.kinds() == Kinds{"folder_totals"});
  put([](model::NodeRecord& node) { node.kind = NodeKind::file; });
  CHECK(planted.kinds().contains("staged_record"));
  put([](model::NodeRecord&) {});
  CHECK(planted.store().findings() == "");
  planted.put(Family::state, model::locator_key(planted.id(), top.id),
              model::encode(model::Locator{0, "", {copied.entry, 0}}));
  CHECK(planted.kinds().contains("staged_locator"));
  planted.put(Family::state, key, "broken");
  CHECK(planted.kinds().contains("staged_record"));
}

TEST_CASE("check: finds folded names that are lost or belong to nothing") {
  Planted lost({}, NameRule::folded);
  lost.erase(Family::state, model::folded_key(lost.id(), kRootNode, "pack"));
  CHECK(lost.kinds() == Kinds{"folded_name"});
  Planted stray({}, NameRule::folded);
  stray.put(Family::state, model::folded_key(stray.id(), kRootNode, "nothing"), "Nothing");
  CHECK(stray.kinds() == Kinds{"folded_name"});
}

}  // namespace
}  // namespace spind::test
