// The trash as the public classes give it: listing, restoring, purging, emptying.
#include <doctest/doctest.h>

#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;

struct TrashFixture {
  TestClock clock;
  TestStore store{MetadataEngine::memory, seams_with(clock)};
  Space space = store.make_space("trash");

  NodeId put(const Ref& file, std::string_view bytes = "content") {
    return space.put(file, bytes, {.make_parents = true}).value().node;
  }
  NodeId remove(const Ref& node) { return space.remove(node).value().node; }
  std::vector<TrashItem> trash() { return space.trash().value().items; }
  std::string paths() {
    std::string text;
    for (const TrashItem& item : trash()) text += item.path + " ";
    return text;
  }
  std::string tree() {
    std::string text;
    const Page page = space.list("/").value();
    for (const NodeInfo& node : page.items) text += node.name + " ";
    return text;
  }
};

TEST_CASE_FIXTURE(TrashFixture,
                  "trash: lists what was removed, newest first: what, who, when, whence") {
  put("/work/essay", "four");
  put("/work/essay", "fourteen");
  put("/notes");
  const NodeId essay = remove("/work/essay");
  clock.advance(kSecond_ns);
  const std::int64_t when = clock.wall_ns();
  const Written removed = space.remove("/work").value();
  REQUIRE(trash().size() == 2);
  const TrashItem newest = trash()[0];
  CHECK(newest.node.id == removed.node);
  CHECK(newest.node.kind == NodeKind::folder);
  CHECK(newest.path == "/work");
  CHECK(newest.removed_by == "ada");
  CHECK(newest.removed_ns == when);
  CHECK(newest.removed == removed.entry);
  const TrashItem oldest = trash()[1];
  CHECK(oldest.node.id == essay);
  CHECK(oldest.node.parent == removed.node);
  CHECK(oldest.node.name == "essay");
  CHECK(oldest.node.size_bytes == 8);
  CHECK(oldest.node.totals.version_bytes == 4);
  CHECK(oldest.path == "/work/essay");
}

TEST_CASE_FIXTURE(TrashFixture, "trash: comes in pages") {
  for (int i = 0; i < 10; ++i) {
    put("/" + std::to_string(i));
    remove("/" + std::to_string(i));
  }
  for (const std::size_t count : {1u, 3u, 10u}) {
    std::string all;
    TrashOptions options{.count_max = count};
    do {
      const auto page = space.trash(options).value();
      for (const TrashItem& item : page.items) all += item.path;
      options.after = page.next;
    } while (!options.after.empty());
    CHECK(all == "/9/8/7/6/5/4/3/2/1/0");
  }
  CHECK(space.trash({.count_max = 0}).code() == Code::invalid_argument);
  CHECK(space.trash({.after = "rubbish"}).code() == Code::invalid_argument);
}

TEST_CASE_FIXTURE(TrashFixture, "restore: to where it was, with its id and its versions") {
  const NodeId file = put("/work/essay", "first");
  put("/work/essay", "second");
  remove("/work");
  const NodeId folder = trash()[0].node.id;
  const std::uint64_t bytes = space.info()->trash_bytes;
  CHECK(bytes == 11);
  REQUIRE(space.restore(Ref::node(folder)).ok());
  CHECK(space.stat("/work/essay")->id == file);
  CHECK(*space.get("/work/essay", {.version = 1}) == "first");
  CHECK(space.info()->trash_bytes == 0);
  CHECK(trash().empty());
  CHECK(space.restore(Ref::node(folder)).code() == Code::not_found);
  CHECK(space.restore(Ref::node(999)).code() == Code::not_found);
  CHECK(space.restore("/").code() == Code::not_found);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(TrashFixture, "restore: the folder it was in may have moved, or be missing") {
  const NodeId file = put("/work/essay");
  remove("/work/essay");
  REQUIRE(space.move("/work", "/done").ok());
  CHECK(paths() == "/done/essay ");
  REQUIRE(space.restore(Ref::node(file)).ok());
  CHECK(space.stat("/done/essay")->id == file);
  remove("/done/essay");
  remove("/done");
  CHECK(space.restore(Ref::node(file)).code() == Code::not_found);
  REQUIRE(space.restore(Ref::node(file), {.make_parents = true}).ok());
  CHECK(space.stat("/done/essay")->id == file);
  // Another folder of the same name is as good.
  remove("/done/essay");
  remove("/done");
  const NodeId other = space.make_folder("/done").value().node;
  REQUIRE(space.restore(Ref::node(file)).ok());
  CHECK(space.stat("/done/essay")->parent == other);
  // Purged, it still has its name.
  remove("/done/essay");
  remove("/done");
  REQUIRE(space.purge(Ref::node(other)).ok());
  REQUIRE(space.restore(Ref::node(file), {.make_parents = true}).ok());
  CHECK(space.path(Ref::node(file)).value() == "/done/essay");
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(TrashFixture, "restore: to another place, by another name") {
  const NodeId file = put("/essay");
  remove("/essay");
  CHECK(space.restore(Ref::node(file), {.to = "/a/b/c"}).code() == Code::not_found);
  CHECK(space.restore(Ref::node(file), {.to = "/"}).code() == Code::conflict);
  CHECK(space.restore(Ref::node(file), {.to = "/a//b"}).code() == Code::invalid_argument);
  REQUIRE(space.restore(Ref::node(file), {.to = "/a/b/c", .make_parents = true}).ok());
  CHECK(space.path(Ref::node(file)).value() == "/a/b/c");
  remove("/a/b/c");
  put("/file");
  CHECK(space.restore(Ref::node(file), {.to = "/file/below"}).code() == Code::not_a_folder);
}

TEST_CASE_FIXTURE(TrashFixture,
                  "restore: fails, skips, replaces or keeps both where the name is taken") {
  const NodeId file = put("/essay.odt", "old");
  remove("/essay.odt");
  const NodeId other = put("/essay.odt", "new");
  CHECK(space.restore(Ref::node(file)).code() == Code::already_exists);
  const Written skipped = space.restore(Ref::node(file), {.on_conflict = OnConflict::skip}).value();
  CHECK(skipped.entry == 0);
  CHECK(skipped.node == file);
  CHECK(trash().size() == 1);
  REQUIRE(space.restore(Ref::node(file), {.on_conflict = OnConflict::keep_both}).ok());
  CHECK(space.path(Ref::node(file)).value() == "/essay (2).odt");
  remove(Ref::node(file));
  put("/essay (2).odt");
  RestoreOptions as_before{.to = "/essay.odt", .on_conflict = OnConflict::keep_both};
  REQUIRE(space.restore(Ref::node(file), as_before).ok());
  CHECK(space.path(Ref::node(file)).value() == "/essay (3).odt");
  remove(Ref::node(file));
  as_before.on_conflict = OnConflict::replace;
  REQUIRE(space.restore(Ref::node(file), as_before).ok());
  CHECK(*space.get("/essay.odt") == "old");
  CHECK(trash()[0].node.id == other);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(TrashFixture,
                  "restore: a free name keeps to the limit of names and cuts no character") {
  std::string name = std::string(250, 'x') + "\xc3\xa9" + "y";
  const NodeId file = put("/" + name);
  remove("/" + name);
  put("/" + name);
  REQUIRE(space.restore(Ref::node(file), {.on_conflict = OnConflict::keep_both}).ok());
  CHECK(space.stat(Ref::node(file))->name == std::string(250, 'x') + " (2)");
  const NodeId folder = space.make_folder("/v1.0").value().node;
  remove("/v1.0");
  REQUIRE(space.make_folder("/v1.0").ok());
  REQUIRE(space.restore(Ref::node(folder), {.on_conflict = OnConflict::keep_both}).ok());
  CHECK(space.stat(Ref::node(folder))->name == "v1.0 (2)");
}

TEST_CASE_FIXTURE(TrashFixture,
                  "restore: names that only fold alike are a conflict like any other") {
  const Space folded = store.make_space("folded", NameRule::folded);
  const auto put_file = [&](const char* path) { return folded.put(path, path).value().node; };
  const NodeId file = put_file("/Essay");
  REQUIRE(folded.remove("/Essay").ok());
  const NodeId other = put_file("/ESSAY");
  CHECK(folded.restore(Ref::node(file)).code() == Code::already_exists);
  CHECK(folded.restore(Ref::node(file), {.on_conflict = OnConflict::skip})->entry == 0);
  REQUIRE(folded.restore(Ref::node(file), {.on_conflict = OnConflict::replace}).ok());
  CHECK(folded.trash()->items[0].node.id == other);
  REQUIRE(folded.restore(Ref::node(other), {.on_conflict = OnConflict::keep_both}).ok());
  CHECK(folded.stat(Ref::node(other))->name == "ESSAY (2)");
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(TrashFixture,
                  "restore: one out of a folder in the trash, and the rest stays there") {
  const NodeId file = put("/a/b/essay", "12345");
  put("/a/b/notes", "123");
  put("/a/c", "1");
  const NodeId top = remove("/a");
  CHECK(space.info()->trash_bytes == 9);
  // Its folders are in the trash: they are made anew.
  CHECK(space.restore(Ref::node(file)).code() == Code::not_found);
  REQUIRE(space.restore(Ref::node(file), {.make_parents = true}).ok());
  CHECK(space.path(Ref::node(file)).value() == "/a/b/essay");
  CHECK(space.stat("/a")->id != top);
  CHECK(space.info()->trash_bytes == 4);
  CHECK(trash()[0].node.totals.files == 2);
  CHECK(store.findings(true) == "");
  REQUIRE(space.restore(Ref::below(top, "b"), {.to = "/b"}).ok());
  CHECK(space.info()->trash_bytes == 1);
  CHECK(*space.get("/b/notes") == "123");
  CHECK(space.restore(Ref::below(top, "b")).code() == Code::not_found);
  CHECK(space.restore(Ref::below(top, "c/c")).code() == Code::not_found);
  CHECK(store.findings(true) == "");
  REQUIRE(space.restore(Ref::node(top), {.to = "/again"}).ok());
  CHECK(*space.get("/again/c") == "1");
  CHECK(space.info()->trash_bytes == 0);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(TrashFixture, "purge: an item is gone for good, at once") {
  const NodeId file = put("/a/b/essay", std::string(50'000, 'x'));
  const NodeId top = remove("/a");
  CHECK(space.purge(Ref::node(file)).code() == Code::conflict);
  const Written purged = space.purge(Ref::node(top), {.request_id = "once"}).value();
  CHECK(purged.node == top);
  CHECK(trash().empty());
  CHECK(space.info()->trash_bytes == 0);
  CHECK(space.purge(Ref::node(top), {.request_id = "once"})->repeated);
  CHECK(space.purge(Ref::node(top)).code() == Code::not_found);
  for (const NodeId gone : {top, file}) {
    CHECK(space.restore(Ref::node(gone)).code() == Code::not_found);
    CHECK(space.stat(Ref::node(gone)).code() == Code::not_found);
    CHECK(space.get(Ref::node(gone)).code() == Code::not_found);
  }
  CHECK(space.purge("/").code() == Code::not_found);
  // Its rows and bytes stay until the floor has passed.
  CHECK(store.findings(true) == "");
  const CollectOptions now{.grace = std::chrono::seconds(0)};
  CHECK(store.store().collect(now)->removed + store.store().collect(now)->removed == 0);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(TrashFixture,
                  "empty_trash: all, or what is old enough, many items by one entry") {
  for (int i = 0; i < 1'005; ++i) {
    put("/file", "12");
    remove("/file");
  }
  clock.advance(60 * kSecond_ns);
  put("/new", "123");
  remove("/new");
  const EntryNumber before = space.info()->entry;
  const TrashEmptied old = space.empty_trash({.older_than = std::chrono::seconds(30)}).value();
  CHECK(old.items == 1'005);
  CHECK(old.bytes == 2'010);
  CHECK(space.info()->entry == before + 2);
  CHECK(paths() == "/new ");
  CHECK(space.empty_trash()->items == 1);
  CHECK(space.empty_trash()->items == 0);
  CHECK(trash().empty());
  CHECK(space.info()->trash_bytes == 0);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(TrashFixture, "empty_trash: can be cancelled, and goes on where it was") {
  for (int i = 0; i < 1'005; ++i) {
    put("/file", "12");
    remove("/file");
  }
  std::uint64_t seen = 0;
  const auto stop = [&seen](const Progress& progress) {
    seen = progress.done;
    return false;
  };
  CHECK(space.empty_trash({.progress = stop}).code() == Code::cancelled);
  CHECK(seen == 1'000);
  CHECK(trash().size() == 5);
  CHECK(space.empty_trash()->items == 5);
  const Session eve = store.session("eve");
  CHECK(eve.space(space.id()).code() == Code::not_found);
}

}  // namespace
}  // namespace spind::test
