// Removed versions, marks, and what is kept until the floor has passed.
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;

// /pack has a second version, and the first, of one piece, is removed; so is the first of the
// essay.
struct Thinned : Planted {
  Thinned() {
    REQUIRE(space().put("/pack", "small now").ok());
    pack = space().stat("/pack").value().id;
    entry = space().remove_version("/pack", 1).value().entry;
    REQUIRE(space().remove_version("/work/essay", 1).ok());
    REQUIRE(space().mark_version("/work/essay", 2, {.pinned = true, .label = "second"}).ok());
  }
  NodeId pack = 0;
  EntryNumber entry = 0;
};

TEST_CASE("check: removed versions and marked ones are no findings") {
  Thinned thinned;
  CHECK(thinned.store().findings(true) == "");
}

TEST_CASE("check: finds that more or fewer versions were removed than are missing") {
  Thinned thinned;
  const std::string key = model::gaps_key(thinned.id(), thinned.essay);
  const std::string row = thinned.row(Family::state, key);
  thinned.erase(Family::state, key);
  CHECK(thinned.kinds() == Kinds{"versions"});
  thinned.put(Family::state, key, model::encode_count(2));
  CHECK(thinned.kinds() == Kinds{"versions"});
  thinned.put(Family::state, key, "broken");
  CHECK(thinned.kinds() == Kinds{"versions"});
  thinned.put(Family::state, key, row);
  thinned.put(Family::state, model::gaps_key(thinned.id(), 900), row);
  CHECK(thinned.kinds() == Kinds{"orphan_versions"});
}

TEST_CASE("check: finds marks that are broken, or of a version or a file that is not there") {
  Thinned thinned;
  const std::string key = model::mark_key(thinned.id(), thinned.essay, 2);
  const std::string row = thinned.row(Family::state, key);
  thinned.put(Family::state, key, "broken");
  CHECK(thinned.kinds() == Kinds{"version_mark"});
  thinned.erase(Family::state, key);
  thinned.put(Family::state, model::mark_key(thinned.id(), thinned.essay, 1), row);
  CHECK(thinned.kinds() == Kinds{"version_mark"});
  thinned.erase(Family::state, model::mark_key(thinned.id(), thinned.essay, 1));
  thinned.put(Family::state, model::mark_key(thinned.id(), 900, 1), row);
  CHECK(thinned.kinds() == Kinds{"version_mark"});
}

TEST_CASE("check: finds that a piece or an attachment that fell away is not kept as it should be") {
  Thinned thinned;
  const std::string kept = model::kept_key(thinned.id(), thinned.piece(), thinned.entry);
  const std::string dropped = model::dropped_key(thinned.id(), thinned.entry, thinned.piece());
  thinned.erase(Family::state, kept);
  CHECK(thinned.kinds().contains("dropped"));
  thinned.put(Family::state, kept, "");
  CHECK(thinned.store().findings() == "");
  thinned.erase(Family::state, dropped);
  CHECK(thinned.kinds() == Kinds{"dropped"});
  thinned.put(Family::state, model::dropped_key(thinned.id(), 900, thinned.piece()), "");
  CHECK(thinned.kinds() == Kinds{"dropped"});
  thinned.erase(Family::state, model::dropped_key(thinned.id(), 900, thinned.piece()));
  thinned.put(Family::state, dropped, "");
  thinned.erase(Family::content, model::holder_key(thinned.vault(), thinned.piece(), thinned.id()));
  CHECK(thinned.kinds().contains("dropped"));

  Thinned unused;
  const std::string prefix = model::row_prefix(unused.id(), model::SpaceRow::unused);
  const auto cursor = unused.rows().durable()->scan(Family::state, prefix, model::end_of(prefix));
  REQUIRE(cursor->valid());
  unused.erase(Family::state, std::string(cursor->key()));
  CHECK(unused.kinds() == Kinds{"attachment"});
}

TEST_CASE("collect: a piece that fell away stays while the space keeps it") {
  Thinned thinned;
  const auto collect = [&] {
    return thinned.store().store().collect({.grace = std::chrono::seconds(0)}).value().removed;
  };
  CHECK(collect() + collect() == 0);
  CHECK(thinned.store().findings(true) == "");
}

}  // namespace
}  // namespace spind::test
