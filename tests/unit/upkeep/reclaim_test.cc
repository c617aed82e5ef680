// Floors move as policies say; what fell away below them is erased, and nothing else.
#include <thread>

#include "support/store/test_clock.h"
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;
using model::SpaceRow;

constexpr std::int64_t kHour_ns = std::int64_t{3600} * 1'000'000'000;

struct Reclaimed {
  explicit Reclaimed(NameRule names = NameRule::exact) : planted(seams_with(clock), names) {}

  const Space& space() { return planted.space(); }
  EntryNumber last() { return space().info().value().entry; }
  EntryNumber floor() { return space().info().value().floor; }
  CollectReport collect(bool forget = false) {
    CollectOptions options{.grace = std::chrono::seconds(0)};
    if (forget) options.forget = planted.id();
    return planted.store().store().collect(options).value();
  }
  void keep(std::int64_t keep_ns, std::uint64_t keep_entries = 0) {
    space().update({.floor = FloorPolicy{keep_ns, keep_entries}}).value();
  }
  std::size_t rows(SpaceRow row, Family family = Family::state) {
    const std::string prefix = model::row_prefix(planted.id(), row);
    const auto cursor = planted.rows().durable()->scan(family, prefix, model::end_of(prefix));
    std::size_t count = 0;
    for (; cursor->valid(); cursor->next()) ++count;
    return count;
  }
  bool piece_stored(std::string_view bytes) {
    return planted.rows()
        .durable()
        ->get(Family::content, model::piece_key(planted.vault(), sha256_of(bytes)))
        .value()
        .has_value();
  }
  std::string findings() { return planted.store().findings(true); }

  TestClock clock;
  Planted planted;
};

TEST_CASE("floor: an entry is kept while it is younger than the policy says") {
  Reclaimed one;
  const EntryNumber planted = one.last();
  one.clock.advance(10 * kHour_ns);
  one.keep(kHour_ns);
  CHECK(one.collect().entries == planted);
  CHECK(one.floor() == planted);
  const EntryNumber young = one.space().put("/young", "young").value().entry;
  one.clock.advance(kHour_ns - 1);
  CHECK(one.collect().entries == 0);
  CHECK(one.floor() == planted);
  one.clock.advance(1);
  one.collect();
  CHECK(one.floor() == young);
  CHECK(one.last() == young);
  CHECK(one.rows(SpaceRow::skeleton, Family::journal) == 0);
  CHECK(one.rows(SpaceRow::payload, Family::journal) == 0);
  CHECK(one.findings() == "");
  // The journal goes on from the head.
  one.space().put("/young", "younger").value();
  CHECK(one.findings() == "");
  CHECK(one.space().at({.entry = young}).value().get("/young").value() == "young");
}

TEST_CASE("floor: a space keeps seven days of its past unless it is told otherwise") {
  Reclaimed one;
  CHECK(one.space().info().value().floor_policy == FloorPolicy{});
  one.clock.advance(7 * 24 * kHour_ns - 1);
  CHECK(one.collect().entries == 0);
  one.clock.advance(1);
  CHECK(one.collect().entries == one.last());
}

TEST_CASE("floor: at most so many entries are kept as the policy says") {
  Reclaimed one;
  one.keep(INT64_MAX, 3);
  one.collect();
  CHECK(one.floor() == one.last() - 3);
  one.planted.store().reopen();
  const Space space = one.planted.store().space("planted");
  CHECK(space.info().value().floor_policy == FloorPolicy{INT64_MAX, 3});
  CHECK(one.findings() == "");
}

TEST_CASE("floor: a policy that cannot be is refused") {
  Reclaimed one;
  CHECK(one.space().update({.floor = FloorPolicy{-1, 0}}).code() == Code::invalid_argument);
  SpaceOptions options{.alias = "other"};
  options.floor.keep_ns = -1;
  CHECK(one.planted.store().session().create_space(options).code() == Code::invalid_argument);
  CollectOptions forget;
  forget.forget = SpaceId{};
  CHECK(one.planted.store().store().collect(forget).code() == Code::not_found);
}

TEST_CASE("floor: stays where it is while the clocks disagree, but for what needs no clock") {
  Reclaimed one;
  one.clock.jump(30 * 24 * kHour_ns);
  CHECK(one.collect().entries == 0);
  one.keep(0);
  CHECK(one.collect().entries == 0);
  one.keep(INT64_MAX, 2);
  one.collect();
  CHECK(one.floor() == one.last() - 2);
}

TEST_CASE("floor: what lies below it is refused, what lies at it is not") {
  Reclaimed one;
  const std::string early = one.space().cursor_after(2).value();
  one.keep(INT64_MAX, 3);
  const std::string now = one.space().cursor_now().value();
  one.collect();
  const EntryNumber floor = one.floor();
  CHECK(one.space().at({.entry = floor}).value().info().value().entry == floor);
  CHECK(one.space().at({.entry = floor - 1}).code() == Code::cursor_too_old);
  CHECK(one.space().rewind({.entry = floor - 1}).code() == Code::cursor_too_old);
  CHECK(one.space().changes(early).code() == Code::cursor_too_old);
  CHECK(one.space().changes("").code() == Code::cursor_too_old);
  CHECK(one.space().cursor_after(floor - 1).code() == Code::cursor_too_old);
  CHECK(one.space().changes(one.space().cursor_after(floor).value()).ok());
  CHECK(one.space().changes(now).ok());
  CHECK(one.space().rewind({.entry = floor}).ok());
  CHECK(one.findings() == "");
}

TEST_CASE("floor: who has seen all that is visible goes on, whatever housekeeping came behind it") {
  Reclaimed one;
  const std::string before = one.space().cursor_now().value();
  const NodeInfo notes = one.space().stat("/work/notes").value();
  one.space().set_mtime("/work/notes", notes.mtime_ns, {.request_id = "nothing to do"}).value();
  one.collect(true);
  const ChangePage page = one.space().changes(before).value();
  CHECK(page.events.empty());
  one.space().put("/more", "more").value();
  CHECK(one.space().changes(page.cursor).value().events.size() == 1);
  CHECK(one.findings() == "");
}

TEST_CASE("floor: does not lie between a rewind that is kept and what that went back to") {
  Reclaimed one;
  one.space().put("/a", "a").value();
  const EntryNumber early = one.last();
  one.space().put("/b", "b").value();
  const EntryNumber middle = one.last();
  one.space().put("/c", "c").value();
  one.space().rewind({.entry = early}).value();
  one.space().put("/d", "d").value();
  one.space().rewind({.entry = middle}).value();
  one.keep(INT64_MAX, 2);  // leaves the last rewind, and itself
  one.collect();
  CHECK(one.floor() == early);
  CHECK(one.space().at({.entry = middle + 1}).value().get("/c").value() == "c");
  CHECK(one.findings() == "");
  // Once both rewinds are passed, nothing holds it back.
  one.keep(INT64_MAX, 1);
  one.collect();
  CHECK(one.floor() == one.last() - 1);
  CHECK(one.rows(SpaceRow::rewind) == 0);
  CHECK(one.space().get("/b").value() == "b");
  CHECK(one.findings() == "");
}

TEST_CASE("reclaim: what was purged and removed is gone, and nothing else") {
  Reclaimed one;
  const Space& space = one.space();
  const std::string removed = content(10, 50'000), purged = content(11, 50'000);
  const std::string shared = content(12, 50'000), kept = content(13, 50'000);
  space.put("/keep", kept).value();
  space.put("/keep also", shared).value();
  space.put("/versions", removed).value();
  space.put("/versions", "short").value();
  space.put("/versions", "last").value();
  space.remove_version("/versions", 1).value();
  space.remove_version("/versions", 2).value();
  space.put("/old/deep/file", purged, {.make_parents = true}).value();
  space.put("/old/deep/file", "a second version").value();
  space.mark_version("/old/deep/file", 1, {.pinned = true}).value();
  space.put("/old/shared", shared).value();
  for (const char* path : {"/old", "/versions"})
    space.purge(Ref::node(space.remove(path).value().node)).value();
  one.space().purge(Ref::node(one.planted.gone)).value();
  CHECK(one.rows(SpaceRow::purged) == 3);
  const CollectReport report = one.collect(true);
  CHECK(report.nodes == 7);  // with /gone and /gone/file
  CHECK(report.versions == 7);
  for (const SpaceRow row : {SpaceRow::purged, SpaceRow::unused, SpaceRow::dropped, SpaceRow::kept,
                             SpaceRow::gaps, SpaceRow::mark, SpaceRow::trash, SpaceRow::request})
    CHECK(one.rows(row) == 0);
  CHECK(one.rows(SpaceRow::attachment, Family::attachment) == 4);
  CHECK(one.rows(SpaceRow::reference) == 3);
  CHECK(one.rows(SpaceRow::node) == one.rows(SpaceRow::locator) + 1);
  CHECK_FALSE(one.piece_stored(removed));
  CHECK_FALSE(one.piece_stored(purged));
  CHECK(one.piece_stored(shared));
  CHECK(one.piece_stored(kept));
  CHECK(space.get("/keep").value() == kept);
  CHECK(space.get("/keep also").value() == shared);
  CHECK(space.get("/work/essay", {.version = 1}).value() == "first");
  CHECK(one.findings() == "");
}

TEST_CASE("reclaim: what an entry above the floor let go of can still be brought back") {
  Reclaimed one;
  const Space& space = one.space();
  const std::string bytes = content(20, 60'000);
  space.put("/purged", bytes).value();
  space.purge(Ref::node(space.remove("/purged").value().node)).value();
  const EntryNumber floor = space.put("/file", bytes).value().entry;
  space.put("/file", "second").value();
  // The purged file has the piece too, so it does not fall away here …
  space.remove_version("/file", 1).value();
  one.keep(INT64_MAX, one.last() + 1 - floor);
  one.collect();
  REQUIRE(one.floor() == floor);
  // … but now, for as long as the removal can be undone.
  CHECK(one.rows(SpaceRow::purged) == 0);
  CHECK(one.findings() == "");
  CHECK(space.at({.entry = floor}).value().get("/file").value() == bytes);
  space.rewind({.entry = floor}).value();
  CHECK(space.get("/file").value() == bytes);
  CHECK(one.findings() == "");
  space.rewind({.entry = one.last() - 1}).value();
  CHECK(one.findings() == "");
  one.collect(true);
  CHECK_FALSE(one.piece_stored(bytes));
  CHECK(one.findings() == "");
}

TEST_CASE("reclaim: attachments of entries that a rewind undid go with the entries") {
  Reclaimed one;
  const Space& space = one.space();
  const EntryNumber before = one.last();
  const std::size_t attachments = one.rows(SpaceRow::attachment, Family::attachment);
  const std::string bytes = content(30, 30'000);
  space.put("/undone", "undone").value();
  space.put("/undone", bytes).value();
  space.rewind({.entry = before}).value();
  space.put("/done", "done").value();
  CHECK(one.rows(SpaceRow::attachment, Family::attachment) == attachments + 2);
  one.collect(true);
  CHECK(one.rows(SpaceRow::attachment, Family::attachment) == attachments + 1);
  CHECK_FALSE(one.piece_stored(bytes));
  CHECK(one.findings() == "");
}

TEST_CASE("reclaim: a request is forgotten with its entry") {
  Reclaimed one;
  const Space& space = one.space();
  const Written again = space.put("/work/essay", "first", {.request_id = "essay"}).value();
  CHECK(again.repeated);
  one.collect(true);
  CHECK(one.rows(SpaceRow::request) == 0);
  CHECK_FALSE(space.put("/work/essay", "first", {.request_id = "essay"}).value().repeated);
  CHECK(one.findings() == "");
}

TEST_CASE("reclaim: the place of what was removed from a purged folder is no longer known") {
  Reclaimed one;
  const Space& space = one.space();
  space.put("/folder/file", "file", {.make_parents = true}).value();
  const NodeId file = space.remove("/folder/file").value().node;
  space.purge(Ref::node(space.remove("/folder").value().node)).value();
  CHECK(space.trash().value().items.at(0).path == "/folder/file");
  one.collect(true);
  CHECK(space.trash().value().items.at(0).path == "");
  CHECK(space.restore(Ref::node(file)).code() == Code::not_found);
  CHECK(space.restore(Ref::node(file), {.to = Ref("/file")}).ok());
  CHECK(one.findings() == "");
}

// Many of everything that a step has a bound for: children, versions, folders in each other.
void make_large(const Space& space) {
  for (int i = 0; i < 600; ++i)
    space.put("/large/many/" + std::to_string(i), "few", {.make_parents = true}).value();
  for (int i = 0; i < 600; ++i) space.put("/large/versions", std::to_string(i)).value();
  space.remove_version("/large/versions", 7).value();
  std::string deep = "/large";
  for (int i = 0; i < 100; ++i) deep += "/Deeper";
  space.put(deep + "/file", content(40, 40'000), {.make_parents = true}).value();
}

TEST_CASE("reclaim: may stop after any step, and goes on from there, after a restart too") {
  for (const NameRule names : {NameRule::exact, NameRule::folded}) {
    Reclaimed one(names);
    const auto before = one.rows(SpaceRow::node);
    make_large(one.space());
    one.space().purge(Ref::node(one.space().remove("/large").value().node)).value();
    std::uint64_t stops = 0;
    for (bool done = false; !done; ++stops) {
      CollectOptions options{.grace = std::chrono::seconds(0)};
      if (stops == 0) options.forget = one.planted.id();
      options.progress = [](const Progress& progress) { return progress.done < 7; };
      const auto report = one.planted.store().store().collect(options);
      done = report.ok() || one.rows(SpaceRow::purged) == 0;
      if (!done) CHECK(report.code() == Code::cancelled);
      CHECK(one.planted.store().findings() == "");
      if (stops % 2 == 0) one.planted.store().reopen();
    }
    CHECK(stops > 3);
    one.collect();
    CHECK(one.planted.store().findings(true) == "");
    CHECK(one.rows(SpaceRow::node) == before);
    CHECK(one.rows(SpaceRow::skeleton, Family::journal) == 0);
    CHECK_FALSE(one.piece_stored(content(40, 40'000)));
  }
}

TEST_CASE("reclaim: the store does it by itself, again and again") {
  StoreOptions options;
  options.upkeep_period = std::chrono::milliseconds(1);
  TestStore store(MetadataEngine::memory, {}, options);
  SpaceOptions chosen{.alias = "short"};
  chosen.floor = {INT64_MAX, 1};
  const Space space = store.session().create_space(chosen).value();
  for (int round = 0; round < 3; ++round) {
    const EntryNumber last = space.put("/file", std::to_string(round)).value().entry;
    while (space.info().value().floor < last - 1) std::this_thread::yield();
  }
  store.reopen();
  CHECK(store.findings() == "");
  options.upkeep_period = std::chrono::milliseconds(-1);
  CHECK(Store::open(store.folder(), options).code() == Code::invalid_argument);
}

TEST_CASE("reclaim: says how much waits, and for how long") {
  Reclaimed one;
  one.space().remove_version("/work/essay", 1).value();
  one.space().purge(Ref::node(one.planted.gone)).value();
  one.clock.advance(2 * kHour_ns);
  one.collect();
  const std::string waiting = one.planted.store().store().metrics();
  CHECK(waiting.find("\nspind_reclaim_waiting_rows 2\n") != waiting.npos);
  CHECK(waiting.find("\nspind_reclaim_waiting_seconds 7200\n") != waiting.npos);
  one.collect(true);
  const std::string done = one.planted.store().store().metrics();
  CHECK(done.find("\nspind_reclaim_waiting_rows 0\n") != done.npos);
  CHECK(done.find("\nspind_reclaim_waiting_seconds 0\n") != done.npos);
  CHECK(done.find("\nspind_reclaimed_nodes_total 2\n") != done.npos);
}

TEST_CASE("collect: how many pieces wait to be removed, and for how long, is a metric") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const Space space = store.make_space("waiting");
  const auto collect_says = [&](std::chrono::seconds grace, const std::string& count,
                                const std::string& seconds) {
    CollectOptions options{.grace = grace};
    options.forget = space.id();
    REQUIRE(store.store().collect(options).ok());
    const std::string text = store.store().metrics();
    CHECK(text.find("\nspind_pieces_waiting " + count + "\n") != text.npos);
    CHECK(text.find("\nspind_pieces_waiting_seconds " + seconds + "\n") != text.npos);
  };
  REQUIRE(space.put("/file", content(1, 20'000)).ok());
  collect_says(std::chrono::hours(1), "0", "0");
  REQUIRE(space.remove("/file").ok());
  REQUIRE(space.empty_trash().ok());
  collect_says(std::chrono::hours(1), "1", "0");
  clock.advance(600 * std::int64_t{1'000'000'000});
  collect_says(std::chrono::hours(1), "1", "600");
  collect_says(std::chrono::seconds(0), "0", "0");
}

TEST_CASE("check: finds rows of rewinds that entries do not know, and a mark above the floor") {
  Reclaimed one;
  one.space().rewind({.entry = 3}).value();
  const std::string key = model::rewind_key(one.planted.id(), one.last());
  one.planted.put(Family::state, key, model::encode_count(2));
  CHECK(one.planted.kinds().contains("rewind"));
  one.planted.erase(Family::state, key);
  CHECK(one.planted.kinds().contains("rewind"));
  one.planted.put(Family::state, key, model::encode_count(3));
  CHECK(one.findings() == "");
  one.planted.put(Family::state, model::rewind_key(one.planted.id(), 2), model::encode_count(1));
  CHECK(one.planted.kinds() == Kinds{"rewind"});
  Reclaimed other;
  other.planted.put(Family::state, model::trimmed_key(other.planted.id()), model::encode_count(1));
  CHECK(other.planted.kinds().contains("journal"));
}

TEST_CASE("reclaim: a space that is damaged keeps nobody else waiting, and its journal stays") {
  bool whole = false;  // or only the payload
  SUBCASE("a payload is missing") {}
  SUBCASE("an entry is missing") { whole = true; }
  Reclaimed one;
  SpaceOptions chosen{.alias = "other"};
  chosen.floor = {INT64_MAX, 1};
  const Space other = one.planted.store().session().create_space(chosen).value();
  other.put("/file", "file").value();
  const std::string big = content(77, 50'000);
  other.put("/big", big).value();
  other.remove("/big").value();
  REQUIRE(other.empty_trash().ok());
  other.put("/file", "again").value();
  one.planted.erase(Family::journal, model::payload_key(one.planted.id(), 2));
  if (whole) one.planted.erase(Family::journal, model::skeleton_key(one.planted.id(), 2));
  one.keep(INT64_MAX, 1);
  const Store& store = one.planted.store().store();
  CollectOptions options{.grace = std::chrono::seconds(0)};
  for (int i = 0; i < 3; ++i) {
    CHECK(store.collect(options).code() == Code::corruption);
    other.put("/file", std::to_string(i)).value();
  }
  CHECK(other.info().value().floor == other.info().value().entry - 2);
  CHECK_FALSE(one.piece_stored(big));
  CHECK(one.rows(SpaceRow::skeleton, Family::journal) == one.last() - whole);
}

TEST_CASE("reclaim: does not go on from steps that a full device lost") {
  std::atomic<bool> full = false;
  TestStore store(MetadataEngine::memory, {}, {}, true);
  store.before_kv([&full](kv::MemoryCall call) -> Status {
    if (call != kv::MemoryCall::sync || !full.exchange(false)) return {};
    return Error{.code = Code::no_space, .text = "the device is full"};
  });
  REQUIRE(store.open().ok());
  const Space space = store.make_space("lost");
  for (int i = 0; i < 400; ++i)
    REQUIRE(space.put("/folder/" + std::to_string(i), "x", {.make_parents = true}).ok());
  REQUIRE(space.remove("/folder").ok());
  REQUIRE(space.empty_trash().ok());
  CollectOptions options;
  options.forget = space.id();
  int steps = 0;
  options.progress = [&](const Progress&) {
    // Somebody else's sync meets the full device; then there is room again.
    if (++steps == 5) {
      full = true;
      CHECK(space.put("/other", "y").code() == Code::no_space);
    }
    return true;
  };
  CHECK(store.store().collect(options).code() == Code::no_space);
  CHECK(store.findings() == "");
  options.progress = nullptr;
  REQUIRE(store.store().collect(options).ok());
  CHECK(store.findings() == "");
}

}  // namespace
}  // namespace spind::test
