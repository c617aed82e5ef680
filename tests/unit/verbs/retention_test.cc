// What policies drop: items of the trash whose time is over, and versions, on demand and by the
// store itself.
#include <doctest/doctest.h>

#include <thread>

#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::int64_t kStep_ns = 1'000'000'000;
constexpr std::int64_t kHour_ns = 3600 * kStep_ns, kDay_ns = 24 * kHour_ns;
constexpr std::int64_t kTo2099_ns = 75 * 365 * kDay_ns;
constexpr VersionPolicy kLadder{.thinning = Thinning::ladder};

VersionPolicy at_most(std::uint64_t count) {
  return {.thinning = Thinning::count_and_age, .count_max = count};
}

struct PolicyFixture {
  explicit PolicyFixture(StoreOptions options = {},
                         std::uint64_t thinned_rows_a_pass = kThinRowsAPass)
      : store(MetadataEngine::memory, seams(thinned_rows_a_pass), options) {
    space = store.make_space("space");
    keep_all_of_the_past();
  }
  engine::Seams seams(std::uint64_t thinned_rows_a_pass) {
    engine::Seams seams = seams_with(clock);
    seams.thinned_rows_a_pass = thinned_rows_a_pass;
    return seams;
  }
  void keep_all_of_the_past() { space->update({.floor = FloorPolicy{INT64_MAX, 0}}).value(); }
  void keep_trash(std::int64_t keep_ns) { space->update({.trash = TrashPolicy{keep_ns}}).value(); }
  void keep_versions(const VersionPolicy& policy) { space->update({.versions = policy}).value(); }
  CollectReport collect() { return store.store().collect().value(); }
  EntryNumber remove(const std::string& file) {
    space->put(file, file).value();
    return space->remove(file).value().entry;
  }
  std::string trash() {
    std::string text;
    const auto page = space->trash().value();
    for (const TrashItem& item : page.items) text += item.path + " ";
    return text;
  }
  void put(const std::string& file, std::size_t versions, std::int64_t step_ns = kStep_ns) {
    for (std::size_t i = 0; i < versions; ++i) {
      clock.advance(step_ns);
      space->put(file, file + std::to_string(i), {.make_parents = true}).value();
    }
  }
  std::string versions(const Ref& file) {
    std::string text;
    const auto page = space->versions(file).value();
    for (const VersionInfo& version : page.items) text += std::to_string(version.number) + " ";
    return text;
  }
  std::uint64_t entries() { return space->info().value().entry; }

  TestClock clock;
  TestStore store;
  std::optional<Space> space;
};

TEST_CASE_FIXTURE(PolicyFixture,
                  "trash policy: what has lain there for its time is purged, and no more") {
  keep_trash(kDay_ns);
  remove("/old");
  clock.advance(kHour_ns);
  remove("/young");
  clock.advance(23 * kHour_ns - 1);
  CHECK(collect().trash_items == 0);
  clock.advance(1);
  const EntryNumber before = entries();
  CHECK(collect().trash_items == 1);
  CHECK(trash() == "/young ");
  CHECK(entries() == before + 1);
  CHECK(collect().trash_items == 0);
  CHECK(entries() == before + 1);
  // It is told as any purge is, and can be undone.
  const ChangeEvent event = space->changes(space->cursor_after(before).value()).value().events[0];
  CHECK(event.kind == ChangeKind::purged);
  CHECK(event.who == "");
  space->rewind({.entry = before}).value();
  CHECK(trash() == "/young /old ");
  CHECK(store.findings() == "");
  CHECK(store.store().metrics().find("\nspind_retired_trash_items_total 1\n") != std::string::npos);
}

TEST_CASE_FIXTURE(PolicyFixture,
                  "trash policy: 30 days, unless the space says otherwise; or never") {
  CHECK(space->info()->trash_policy == TrashPolicy{30 * kDay_ns});
  remove("/file");
  clock.advance(30 * kDay_ns - 1);
  CHECK(collect().trash_items == 0);
  keep_trash(INT64_MAX);
  clock.advance(1000 * kDay_ns);
  CHECK(collect().trash_items == 0);
  store.reopen();
  space = store.space("space");
  CHECK(space->info()->trash_policy == TrashPolicy{INT64_MAX});
  keep_trash(30 * kDay_ns);
  CHECK(collect().trash_items == 1);
  keep_trash(0);
  remove("/file");
  CHECK(collect().trash_items == 1);
  CHECK(space->update({.trash = TrashPolicy{-1}}).code() == Code::invalid_argument);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PolicyFixture,
                  "trash policy: a clock that jumps and comes back purges nothing young") {
  keep_trash(kDay_ns);
  remove("/before");
  clock.jump(kTo2099_ns);
  CHECK(collect().trash_items == 0);
  remove("/in 2099");
  clock.jump(-kTo2099_ns);
  CHECK(collect().trash_items == 0);
  // Time in the space is that of 2099 now; by the clock it is not old.
  remove("/after");
  clock.advance(kDay_ns);
  CHECK(collect().trash_items == 1);
  CHECK(trash() == "/after /in 2099 ");
  store.reopen();
  CHECK(collect().trash_items == 0);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PolicyFixture, "trash policy: more than one entry holds goes by several") {
  for (int i = 0; i < 1'003; ++i) remove("/file");
  clock.advance(30 * kDay_ns);
  const EntryNumber before = entries();
  CHECK(collect().trash_items == 1'003);
  CHECK(entries() == before + 2);
  CHECK(trash() == "");
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PolicyFixture,
                  "policies: what the policy of now keeps stays, in the midst of a pass too") {
  for (int i = 0; i < 1'003; ++i) remove("/file");
  clock.advance(30 * kDay_ns);
  CollectOptions options;
  bool first = true;
  options.progress = [&](const Progress&) {
    if (std::exchange(first, false)) keep_trash(INT64_MAX);
    return true;
  };
  CHECK(store.store().collect(options)->trash_items == 1'000);
  put("/file", 5);
  keep_versions(at_most(1));
  const auto keep_all = [this](const Progress&) {
    keep_versions({});
    return true;
  };
  CHECK(space->thin_versions({.progress = keep_all})->versions == 0);
  keep_versions(at_most(1));
  const EntryNumber before = space->info()->entry;
  put("/file", 3);
  const auto rewind = [&](const Progress&) {
    space->rewind({.entry = before}).value();
    return true;
  };
  CHECK(space->thin_versions({.progress = rewind})->versions == 0);
  CHECK(versions("/file") == "5 4 3 2 1 ");
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PolicyFixture, "policies: a space that is out of use keeps what it has") {
  keep_trash(0);
  keep_versions(at_most(1));
  remove("/file");
  put("/versions", 4);
  space->disable().value();
  const CollectReport report = collect();
  CHECK(report.trash_items == 0);
  CHECK(report.thinned == 0);
  space->enable().value();
  CHECK(collect().trash_items == 1);
  CHECK(versions("/versions") == "4 3 ");
}

TEST_CASE("policies: the store itself does it, as time goes by") {
  StoreOptions options;
  options.upkeep_period = std::chrono::milliseconds(1);
  PolicyFixture one(options);
  one.keep_trash(kDay_ns);
  one.keep_versions(at_most(2));
  one.remove("/old");
  one.put("/file", 5);
  one.clock.advance(kDay_ns);
  while (!one.trash().empty() || one.versions("/file") != "5 4 3 ") std::this_thread::yield();
  one.store.reopen();
  CHECK(one.store.findings() == "");
}

TEST_CASE("policies: the store itself thins a little at a time, on from where it stopped") {
  StoreOptions options;
  options.upkeep_period = std::chrono::milliseconds(1);
  PolicyFixture one(options, 5);
  // Of the first file five earlier versions are looked at, and none is to go.
  one.put("/first", 6);
  for (const char* file : {"/second", "/third", "/fourth"}) one.put(file, 8);
  const EntryNumber before = one.entries() + 1;
  one.keep_versions(at_most(5));
  const auto await = [&one](const char* file) {
    while (one.versions(file) != "8 7 6 5 4 3 ") std::this_thread::yield();
  };
  await("/second");
  one.store.reopen();
  one.space = one.store.space("space");
  await("/third");
  await("/fourth");
  CHECK(one.versions("/first") == "6 5 4 3 2 1 ");
  CHECK(one.entries() == before + 3);  // a pass for each
  // And begins anew when it has come to the end.
  one.put("/first", 1);
  while (one.versions("/first") != "7 6 5 4 3 2 ") std::this_thread::yield();
  CHECK(one.store.findings() == "");
}

TEST_CASE_FIXTURE(PolicyFixture,
                  "thin_versions: does what the policy says, and what is marked stays") {
  put("/file", 6);
  put("/folder/other", 3);
  put("/third", 4);
  space->mark_version("/file", 1, {.pinned = true}).value();
  space->mark_version("/file", 2, {.label = "handed in"}).value();
  space->mark_version("/third", 3, {.pinned = true}).value();
  CHECK(space->thin_versions()->versions == 0);  // it keeps all
  keep_versions(at_most(1));
  const VersionsThinned thinned = space->thin_versions().value();
  CHECK(thinned.versions == 4);
  CHECK(thinned.bytes == 6 + 6 + 14 + 7);
  CHECK(versions("/file") == "6 5 2 1 ");
  CHECK(versions("/third") == "4 3 2 ");  // a marked one takes no other's place
  CHECK(versions("/folder/other") == "3 2 ");
  CHECK(*space->get("/file", {.version = 1}) == "/file0");
  CHECK(space->get("/file", {.version = 3}).code() == Code::not_found);
  CHECK(space->stat("/")->totals.version_bytes == 3 * 6 + 14 + 2 * 7);
  CHECK(space->thin_versions()->versions == 0);
  put("/file", 1);
  CHECK(versions("/file") == "7 6 5 2 1 ");
  CHECK(space->thin_versions()->versions == 1);
  CHECK(store.findings(true) == "");
  CHECK(store.store().metrics().find("\nspind_thinned_versions_total 0\n") != std::string::npos);
}

TEST_CASE_FIXTURE(PolicyFixture,
                  "thin_versions: wakes nobody, changes no ETag, and can be undone") {
  put("/file", 5);
  keep_versions(at_most(1));
  const RootVersion root = space->root_version().value();
  const std::string etag = space->stat("/file")->etag(), root_etag = space->stat("/")->etag();
  const std::string cursor = space->cursor_now().value();
  std::atomic<int> told = 0;
  const Watch watch =
      space->watch(root.number, [&told](const Result<RootVersion>&) { ++told; }).value();
  const EntryNumber before = entries();
  CHECK(space->thin_versions()->versions == 3);
  CHECK(entries() == before + 1);
  CHECK(space->root_version()->number == root.number);
  CHECK(space->stat("/file")->etag() == etag);
  CHECK(space->stat("/")->etag() == root_etag);
  CHECK(space->changes(cursor)->events.empty());
  CHECK(space->wait(root.number, std::chrono::milliseconds(0)).code() == Code::deadline_exceeded);
  CHECK(told == 0);
  CHECK(space->at({.entry = before})->get("/file", {.version = 2}).ok());
  space->rewind({.entry = before}).value();
  CHECK(versions("/file") == "5 4 3 2 1 ");
  CHECK(*space->get("/file", {.version = 2}) == "/file1");
  CHECK(space->thin_versions()->versions == 3);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(PolicyFixture, "thin_versions: the ladder, as time goes by") {
  keep_versions(kLadder);
  put("/file", 20);
  CHECK(space->thin_versions()->versions > 0);
  clock.advance(2 * kHour_ns);
  CHECK(space->thin_versions()->versions > 0);
  // The newest earlier one of its hour, and the current one.
  CHECK(versions("/file") == "20 19 ");
  clock.advance(400 * kDay_ns);
  CHECK(space->thin_versions()->versions == 0);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PolicyFixture,
                  "thin_versions: a clock that jumps and comes back drops nothing by age") {
  keep_versions({.thinning = Thinning::count_and_age, .keep_ns = kDay_ns});
  put("/file", 3);
  clock.jump(kTo2099_ns);
  put("/file", 3);
  CHECK(space->thin_versions()->versions == 0);
  clock.jump(-kTo2099_ns);
  put("/file", 3);
  CHECK(space->thin_versions()->versions == 0);
  clock.advance(2 * kDay_ns);
  CHECK(space->thin_versions()->versions == 3);
  CHECK(versions("/file") == "9 8 7 6 5 4 ");
  keep_versions(kLadder);
  CHECK(space->thin_versions()->versions == 0);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PolicyFixture, "thin_versions: what lies in the trash keeps its versions") {
  keep_versions(at_most(1));
  put("/gone", 4);
  put("/folder/gone", 4);
  put("/here", 4);
  const NodeId gone = space->remove("/gone")->node;
  const NodeId folder = space->remove("/folder")->node;
  CHECK(space->thin_versions()->versions == 2);
  CHECK(versions("/here") == "4 3 ");
  space->restore(Ref::node(gone)).value();
  CHECK(versions("/gone") == "4 3 2 1 ");
  CHECK(space->thin_versions()->versions == 2);
  space->purge(Ref::node(folder)).value();
  CHECK(space->thin_versions()->versions == 0);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(PolicyFixture,
                  "thin_versions: many go by several entries, and it can be cancelled") {
  put("/a", 300);
  put("/b", 300);
  keep_versions(at_most(10));
  const EntryNumber before = entries();
  const auto once = [](const Progress& progress) { return progress.done == 0; };
  CHECK(space->thin_versions({.progress = once}).code() == Code::cancelled);
  CHECK(entries() == before + 1);
  CHECK(space->thin_versions()->versions == 2 * 289 - 256);
  CHECK(entries() == before + 3);
  CHECK(store.findings() == "");
  CancelToken cancel;
  cancel.cancel();
  CHECK(space->thin_versions({.cancel = cancel}).code() == Code::cancelled);
}

TEST_CASE_FIXTURE(PolicyFixture, "thin_versions: asks for the rights, and not of the past") {
  const Space past = space->at({.entry = 1}).value();
  CHECK(past.thin_versions().code() == Code::unsupported);
  space->disable().value();
  CHECK(space->thin_versions().code() == Code::not_found);
}

TEST_CASE_FIXTURE(PolicyFixture,
                  "version policy: what cannot be is refused; what is kept survives") {
  CHECK(space->info()->version_policy == VersionPolicy{});
  const VersionPolicy policy{Thinning::count_and_age, 5, kDay_ns, 100};
  keep_versions(policy);
  store.reopen();
  space = store.space("space");
  CHECK(space->info()->version_policy == policy);
  for (const VersionPolicy& wrong :
       {VersionPolicy{.thinning = static_cast<Thinning>(5)},
        VersionPolicy{.thinning = static_cast<Thinning>(0)},
        VersionPolicy{.thinning = Thinning::count_and_age, .keep_ns = -1},
        VersionPolicy{.thinning = Thinning::ladder, .count_max = 1}}) {
    CHECK(space->update({.versions = wrong}).code() == Code::invalid_argument);
    SpaceOptions options{.alias = "other"};
    options.versions = wrong;
    CHECK(store.session().create_space(options).code() == Code::invalid_argument);
  }
}

}  // namespace
}  // namespace spind::test
