// A space that was purged is gone at once; what it held goes once its floor has passed, in steps.
#include "support/store/test_clock.h"
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;
using model::SpaceRow;

constexpr std::int64_t kDay_ns = std::int64_t{86'400} * 1'000'000'000;
constexpr Family kFamilies[] = {Family::state, Family::journal, Family::attachment};

struct PurgedSpace {
  explicit PurgedSpace(NameRule names = NameRule::exact) : planted(seams_with(clock), names) {}

  const Space& space() { return planted.space(); }
  TestStore& store() { return planted.store(); }
  void purge() {
    space().disable().value();
    space().purge().value();
  }
  CollectReport collect(bool forget = false) {
    CollectOptions options{.grace = std::chrono::seconds(0)};
    if (forget) options.forget = planted.id();
    return store().store().collect(options).value();
  }
  std::size_t rows() {
    std::size_t count = 0;
    const std::string partition = model::space_partition(planted.id());
    for (const Family family : kFamilies) {
      const auto cursor =
          planted.rows().durable()->scan(family, partition, model::end_of(partition));
      for (; cursor->valid(); cursor->next()) ++count;
    }
    return count;
  }
  std::size_t rows_of_content() {
    const auto cursor = planted.rows().durable()->scan(Family::content, "v", "w");
    std::size_t count = 0;
    for (; cursor->valid(); cursor->next()) ++count;
    return count;
  }
  std::string metric(const std::string& name) {
    const std::string all = store().store().metrics();
    const std::size_t at = all.find("\n" + name + " ");
    return all.substr(at + 1, all.find('\n', at + 1) - at - 1);
  }

  TestClock clock;
  Planted planted;
};

TEST_CASE("space purge: only what is disabled; gone at once for all, with its alias and its id") {
  PurgedSpace one;
  const Space& space = one.space();
  CHECK(space.purge().code() == Code::conflict);
  const Reader reader = space.reader("/pack").value();
  space.disable().value();
  CHECK(one.store().session("eve").space(space.id()).code() == Code::not_found);
  const EntryNumber before = space.info().value().entry;
  CHECK(space.purge().value().entry == before + 1);
  for (int round = 0; round < 2; ++round) {
    const Session session = one.store().session();
    CHECK(session.space(space.id()).code() == Code::not_found);
    CHECK(session.space_by_alias("planted").code() == Code::not_found);
    CHECK(session.list_spaces().value().items.empty());
    CHECK(session.list_spaces({.state = SpaceStatus::purged}).value().items.empty());
    CHECK(session.create_space({.id = space.id(), .alias = "again"}).code() ==
          Code::already_exists);
    if (round == 1) break;
    CHECK(space.info().code() == Code::not_found);
    CHECK(space.enable().code() == Code::not_found);
    CHECK(space.purge().code() == Code::not_found);
    CHECK(space.update({.name = "x"}).code() == Code::not_found);
    CHECK(space.stat("/").code() == Code::not_found);
    std::vector<std::uint8_t> bytes(40'000);
    CHECK(reader.read_at(0, bytes).value() == 40'000);  // opened before
    CHECK(one.store().findings(true) == "");
    one.store().reopen();
  }
  const Space next = one.store().make_space("planted");
  CHECK(next.id() != space.id());
  CHECK(next.put("/file", "file").ok());
  CHECK(one.store().findings(true) == "");
}

TEST_CASE("space purge: what it held goes when its floor has passed, and nobody else's") {
  PurgedSpace one;
  const Space other = one.store().make_space("other");
  const std::string shared = content(1, 40'000), own = content(2, 30'000);
  other.put("/shared", shared).value();
  one.space().put("/own", own).value();
  one.space().start_upload("/half", 100'000).value();
  const auto piece = [&](std::string_view bytes) {
    return one.planted.rows()
        .durable()
        ->get(Family::content, model::piece_key(one.planted.vault(), sha256_of(bytes)))
        .value()
        .has_value();
  };
  one.purge();
  const std::size_t before = one.rows();
  CHECK(one.collect().spaces == 0);
  CHECK(one.rows() == before);
  CHECK(one.metric("spind_reclaim_waiting_spaces") == "spind_reclaim_waiting_spaces 1");
  one.clock.advance(7 * kDay_ns);
  CHECK(one.store().findings(true) == "");
  const CollectReport report = one.collect();
  CHECK(report.spaces == 1);
  CHECK(one.rows() == 0);
  CHECK(piece(shared));
  CHECK_FALSE(piece(own));
  CHECK(one.store().findings(true) == "");
  CHECK(*other.get("/shared") == shared);
  CHECK(one.metric("spind_reclaim_waiting_spaces") == "spind_reclaim_waiting_spaces 0");
  CHECK(one.metric("spind_reclaimed_spaces_total") == "spind_reclaimed_spaces_total 1");
  CHECK(one.collect().spaces == 0);
  one.store().reopen();
  CHECK(one.store().session().create_space({.id = one.planted.id()}).code() ==
        Code::already_exists);
  CHECK(one.collect().spaces == 0);
  CHECK(one.store().findings(true) == "");
}

TEST_CASE("space purge: forgetting it does not wait for the floor") {
  PurgedSpace one;
  one.space().update({.floor = FloorPolicy{INT64_MAX, 0}}).value();
  one.purge();
  CHECK(one.collect().spaces == 0);
  CHECK(one.collect(true).spaces == 1);
  CHECK(one.rows() == 0);
  CHECK(one.rows_of_content() == 0);
  CHECK(one.store().findings(true) == "");
  CollectOptions gone;
  gone.forget = one.planted.id();
  CHECK(one.store().store().collect(gone).code() == Code::not_found);
}

TEST_CASE("space purge: may stop after any step, and goes on from there, after a restart too") {
  for (const NameRule names : {NameRule::exact, NameRule::folded}) {
    PurgedSpace one(names);
    const Space& space = one.space();
    for (int i = 0; i < 300; ++i)
      space.put("/many/" + std::to_string(i), "few", {.make_parents = true}).value();
    for (std::uint64_t i = 0; i < 100; ++i) space.put("/pieces", content(50 + i, 20'000)).value();
    for (VersionNumber i = 1; i < 90; ++i) space.remove_version("/pieces", i).value();
    space.add_tags("/many/7", {"a"}).value();
    space.rewind({.entry = space.info().value().entry - 1}).value();
    const UploadInfo upload = space.start_upload("/half", 100'000).value();
    space.append_upload(upload.id, 0, content(3, 40'000)).value();
    one.purge();
    std::uint64_t stops = 0;
    for (bool done = false; !done; ++stops) {
      CollectOptions options{.grace = std::chrono::seconds(0)};
      if (stops == 0) options.forget = one.planted.id();
      options.progress = [](const Progress& progress) { return progress.done < 4; };
      const auto report = one.store().store().collect(options);
      done = report.ok() || one.rows() == 0;
      if (!done) CHECK(report.code() == Code::cancelled);
      CHECK(one.store().findings(true) == "");
      if (stops % 2 == 0) one.store().reopen();
    }
    CHECK(stops > 5);
    one.collect();
    CHECK(one.rows() == 0);
    CHECK(one.rows_of_content() == 0);
    CHECK(one.store().findings(true) == "");
  }
}

TEST_CASE("check: finds a purged space that is listed, and an id that is not taken or is") {
  PurgedSpace one;
  const std::string gone = model::catalogue_gone_key(one.planted.id());
  one.planted.put(Family::state, gone, "");
  CHECK(one.planted.kinds() == Kinds{"catalogue"});
  one.planted.erase(Family::state, gone);
  one.purge();
  CHECK(one.planted.kinds().empty());
  one.planted.erase(Family::state, gone);
  CHECK(one.planted.kinds() == Kinds{"catalogue"});
  one.planted.put(Family::state, gone, "");
  const std::string listed =
      model::catalogue_space_key("default", SpaceKind::personal, one.planted.id());
  one.planted.put(Family::state, listed, "");
  CHECK(one.planted.kinds() == Kinds{"catalogue"});
  one.planted.erase(Family::state, listed);
  one.planted.put(Family::state, model::catalogue_alias_key("default", "planted"),
                  as_text(one.planted.id().bytes));
  CHECK(one.planted.kinds() == Kinds{"alias"});
}

TEST_CASE("check: of a space that goes it finds what the vault no longer keeps for it") {
  PurgedSpace one;
  one.space().update({.floor = FloorPolicy{0, 0}}).value();
  one.purge();
  one.planted.change_head([](model::Head& head) { head.floor = head.entry; });
  CHECK(one.planted.kinds().empty());
  one.planted.erase(Family::state, one.planted.trash_key());
  CHECK(one.planted.kinds().empty());  // nobody reaches it
  one.planted.erase(Family::content,
                    model::holder_key(one.planted.vault(), one.planted.piece(), one.planted.id()));
  CHECK(one.planted.kinds().contains("holder"));
}

}  // namespace
}  // namespace spind::test
