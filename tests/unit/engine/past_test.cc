// Views of the past, and rewinds.
#include <doctest/doctest.h>

#include <fmt/format.h>
#include <poll.h>

#include <map>
#include <random>

#include "support/store/content.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

// Paths with what stands there.
using Tree = std::map<std::string, std::string>;

Tree tree_of(const Space& space) {
  Tree tree;
  Walk walk = space.walk("/").value();
  for (auto item = walk.next().value(); item; item = walk.next().value())
    tree[item->path] = item->node.kind == NodeKind::folder
                           ? fmt::format("folder {}", item->node.id)
                           : fmt::format("file {} v{} {}", item->node.id, item->node.version,
                                         to_hex(item->node.sha256));
  return tree;
}

// A file's versions, a line each.
std::vector<std::string> versions_of(const Space& space, const Ref& file) {
  std::vector<std::string> lines;
  const PageOf<VersionInfo> page = space.versions(file).value();
  for (const VersionInfo& version : page.items)
    lines.push_back(fmt::format("{}{} {} {}{}", version.number, version.current ? " now" : "",
                                to_hex(version.sha256), version.pinned ? "pinned " : "",
                                version.label));
  return lines;
}

TEST_CASE("at: every reading verb shows the space as it was") {
  for (const MetadataEngine engine : engines()) {
    TestStore store(engine);
    const Space space = store.make_space("past");
    const std::string large = content(1, 300'000);
    space.put("/work/essay", "first", {.make_parents = true}).value();
    space.put("/large", large).value();
    const NodeInfo essay = space.stat("/work/essay").value();
    const SpaceInfo then = space.info().value();
    const Tree tree = tree_of(space);
    space.put("/work/essay", "second").value();
    space.move("/work", "/attic").value();
    space.put("/large", "small now").value();
    space.remove("/large").value();
    space.make_folder("/new").value();
    space.update({.name = "renamed"}).value();

    const Space past = space.at({.entry = then.entry}).value();
    CHECK(tree_of(past) == tree);
    CHECK(past.get("/work/essay").value() == "first");
    CHECK(past.get("/large").value() == large);
    CHECK(past.stat(Ref::node(essay.id)).value().etag() == essay.etag());
    CHECK(past.path(Ref::node(essay.id)).value() == "/work/essay");
    CHECK(past.list("/").value().items.size() == 2);
    CHECK(past.stat("/new").code() == Code::not_found);
    const SpaceInfo info = past.info().value();
    CHECK(info.totals == then.totals);
    CHECK(info.entry == then.entry);
    CHECK(info.visible == then.visible);
    CHECK(info.trash_bytes == 0);
    CHECK(info.name == "renamed");
    CHECK(space.get("/attic/essay").value() == "second");
  }
}

TEST_CASE("at: shows the versions, their marks and the trash of then") {
  for (const MetadataEngine engine : engines()) {
    TestStore store(engine);
    const Space space = store.make_space("past");
    for (const char* text : {"one", "two", "three"}) space.put("/essay", text).value();
    space.mark_version("/essay", 2, {.pinned = true, .label = "draft"}).value();
    const NodeId gone = space.put("/gone", "x").value().node;
    space.put("/old", "y").value();
    space.remove("/old").value();
    space.remove("/gone").value();
    const EntryNumber then = space.info().value().entry;
    const std::vector<std::string> versions = versions_of(space, "/essay");
    space.mark_version("/essay", 2, {.pinned = false, .label = ""}).value();
    space.remove_version("/essay", 1).value();
    space.restore_version("/essay", 2).value();
    space.restore(Ref::node(gone)).value();
    space.put("/new", "z").value();
    space.remove("/new").value();
    space.empty_trash().value();

    const Space past = space.at({.entry = then}).value();
    REQUIRE(versions.size() == 3);
    CHECK(versions[1].ends_with(" pinned draft"));
    CHECK(versions_of(past, "/essay") == versions);
    CHECK(versions_of(space, "/essay") != versions);
    std::vector<std::string> trash;
    TrashOptions one{.count_max = 1};
    do {
      const PageOf<TrashItem> page = past.trash(one).value();
      for (const TrashItem& item : page.items) trash.push_back(item.path);
      one.after = page.next;
    } while (!one.after.empty());
    CHECK(trash == std::vector<std::string>{"/gone", "/old"});
    CHECK(past.info().value().trash_bytes == 2);
    CHECK(space.trash().value().items.empty());
  }
}

TEST_CASE("at: a time picks the last entry that is not later") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const Space space = store.make_space("past");
  const std::int64_t made_ns = clock.wall_ns();
  std::vector<std::int64_t> times;
  for (int i = 0; i < 100; ++i) {
    clock.advance(1'000'000'000);
    times.push_back(clock.wall_ns());
    space.put("/file", std::to_string(i)).value();
  }
  for (std::size_t i = 0; i < times.size(); i += 7) {
    CHECK(space.at({.time_ns = times[i]}).value().get("/file").value() == std::to_string(i));
    CHECK(space.at({.time_ns = times[i] - 1}).value().info().value().entry == i + 1);
  }
  CHECK(space.at({.time_ns = made_ns}).value().stat("/file").code() == Code::not_found);
  CHECK(space.at({.time_ns = INT64_MAX}).value().get("/file").value() == "99");
  CHECK(space.at({.time_ns = made_ns - 1}).code() == Code::cursor_too_old);
  CHECK(space.at({.time_ns = INT64_MIN}).code() == Code::cursor_too_old);
}

TEST_CASE("at: what is not a point in the space's past is refused") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  space.put("/file", "1").value();
  CHECK(space.at({}).code() == Code::invalid_argument);
  CHECK(space.at({.entry = 1, .time_ns = 1}).code() == Code::invalid_argument);
  CHECK(space.at({.entry = 0}).code() == Code::cursor_too_old);
  CHECK(space.at({.entry = 3}).code() == Code::invalid_argument);
  CHECK(space.at({.entry = UINT64_MAX}).code() == Code::invalid_argument);
  CHECK(space.rewind({}).code() == Code::invalid_argument);
  CHECK(space.rewind({.entry = 0}).code() == Code::cursor_too_old);
  CHECK(space.rewind({.entry = 3}).code() == Code::invalid_argument);
  CHECK(space.info().value().entry == 2);
}

TEST_CASE("at: nothing can be changed in a view") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  space.put("/file", "1").value();
  space.put("/file", "2").value();
  const Space past = space.at({.entry = 2}).value();
  CHECK(past.put("/file", "3").code() == Code::unsupported);
  CHECK(past.put("/file", content(1, 50'000)).code() == Code::unsupported);
  CHECK(past.writer("/file").code() == Code::unsupported);
  CHECK(past.put_local_file("/file", "/proc/self/cmdline").code() == Code::unsupported);
  CHECK(past.make_folder("/new").code() == Code::unsupported);
  CHECK(past.move("/file", "/moved").code() == Code::unsupported);
  CHECK(past.remove("/file").code() == Code::unsupported);
  CHECK(past.set_mtime("/file", 1).code() == Code::unsupported);
  CHECK(past.update({.name = "x"}).code() == Code::unsupported);
  CHECK(past.rewind({.entry = 1}).code() == Code::unsupported);
  CHECK(past.at({.entry = 1}).code() == Code::unsupported);
  CHECK(space.info().value().entry == 3);
}

TEST_CASE(
    "at: a view and its readers outlive the changes after it, and answer when the store closed") {
  for (const MetadataEngine engine : engines()) {
    TestStore store(engine);
    const Space space = store.make_space("past");
    const std::string large = content(2, 600'000);
    space.put("/large", large).value();
    space.put("/large", "small").value();
    std::optional<Space> past = space.at({.entry = 2}).value();
    Reader reader = past->reader("/large").value();
    Walk walk = past->walk("/").value();
    past.reset();
    CHECK(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
    std::vector<std::uint8_t> bytes(large.size());
    CHECK(reader.read_at(0, bytes).value() == large.size());
    CHECK(as_text(bytes) == large);
    CHECK(walk.next().value().has_value());
    const Space left = space.at({.entry = 2}).value();
    store.close();
    CHECK(left.stat("/large").code() == Code::unavailable);
    CHECK(reader.read_at(0, bytes).code() == Code::unavailable);
  }
}

TEST_CASE("at: more changes than the store's memory holds are refused, and views give it back") {
  TestStore store(MetadataEngine::memory);
  const Session deferred = store.session("ada", true);
  const Space space = store.make_space("past");
  const Space fast = deferred.space(space.id()).value();
  for (int i = 0; i < 30'000; ++i) fast.put(fmt::format("/{:0>200}", i), "x").value();
  REQUIRE(deferred.wait().ok());
  const auto all = space.at({.entry = 1});
  REQUIRE(all.code() == Code::limit_exceeded);
  CHECK(all.error().limit == 8u << 20);
  CHECK(space.rewind({.entry = 1}).code() == Code::limit_exceeded);
  CHECK(space.info().value().entry == 30'001);
  for (int i = 0; i < 10; ++i)
    CHECK(space.at({.entry = 25'001}).value().info().value().totals.files == 25'000);
  // In steps it goes as far as one likes.
  for (EntryNumber to = 25'001; to >= 5'001; to -= 5'000) CHECK(space.rewind({.entry = to}).ok());
  CHECK(space.info().value().totals.files == 5'000);
  CHECK(store.findings() == "");
}

TEST_CASE("at, rewind: tell how far they are, and can be cancelled with nothing done") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  for (int i = 0; i < 500; ++i) space.put("/file", std::to_string(i)).value();
  Progress last;
  const ProgressCallback note = [&last](const Progress& progress) {
    CHECK(progress.done >= last.done);
    CHECK(progress.done <= progress.total);
    last = progress;
    return true;
  };
  CHECK(space.at({.entry = 101}, {.progress = note}).ok());
  CHECK(last.done == 400);
  CHECK(last.total == 400);
  const ProgressCallback stop = [](const Progress&) { return false; };
  CHECK(space.at({.entry = 101}, {.progress = stop}).code() == Code::cancelled);
  CHECK(space.rewind({.entry = 101}, {.progress = stop}).code() == Code::cancelled);
  CHECK(space.get("/file").value() == "499");
  CHECK(space.info().value().entry == 501);
  last = {};
  CHECK(space.rewind({.entry = 101}, {.progress = note}).ok());
  CHECK(last.done == 400);
  CHECK(space.get("/file").value() == "99");
}

TEST_CASE("rewind: the tree is as it was, and what must not go back does not") {
  for (const MetadataEngine engine : engines()) {
    TestClock clock;
    TestStore store(engine, seams_with(clock));
    const Space space = store.make_space("past");
    space.put("/work/essay", "first", {.make_parents = true, .request_id = "one"}).value();
    const Tree tree = tree_of(space);
    const SpaceInfo then = space.info().value();
    const NodeInfo root = space.stat("/").value(), essay = space.stat("/work/essay").value();
    clock.advance(5'000'000'000);
    const NodeId lost = space.put("/lost", "x", {.request_id = "two"}).value().node;
    space.put("/work/essay", content(3, 400'000)).value();
    space.remove("/work").value();
    space.update({.name = "renamed"}).value();

    const Written rewound = space.rewind({.entry = then.entry}, {.request_id = "back"}).value();
    CHECK(rewound.entry == then.entry + 5);
    CHECK(rewound.node == kRootNode);
    CHECK(tree_of(space) == tree);
    CHECK(space.get("/work/essay").value() == "first");
    // A node that is as it was has the ETag of then.
    CHECK(space.stat("/").value().etag() == root.etag());
    CHECK(space.stat("/work/essay").value().etag() == essay.etag());
    const SpaceInfo now = space.info().value();
    CHECK(now.totals == then.totals);
    CHECK(now.trash_bytes == 0);
    CHECK(now.entry == rewound.entry);
    CHECK(now.visible == rewound.entry);
    CHECK(now.name == "renamed");
    CHECK(space.put("/other", "y").value().node > lost);
    // What was answered stays answered, whatever became of it.
    CHECK(space.put("/lost", "x", {.request_id = "two"}).value().repeated);
    CHECK(space.stat("/lost").code() == Code::not_found);
    const Written again = space.rewind({.entry = then.entry}, {.request_id = "back"}).value();
    CHECK(again.repeated);
    CHECK(again.entry == rewound.entry);
    CHECK(space.rewind({.entry = 1}, {.request_id = "one"}).code() == Code::conflict);
    CHECK(store.findings() == "");
    store.reopen();
    CHECK(store.space("past").get("/work/essay").value() == "first");
    CHECK(store.findings(true) == "");
  }
}

TEST_CASE("rewind: to where the space is, there is nothing to do") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  space.put("/file", "1").value();
  CHECK(space.rewind({.entry = 2}).value().entry == 0);
  CHECK(space.info().value().entry == 2);
  CHECK(space.rewind({.entry = 2}, {.request_id = "r"}).value().entry == 0);
  space.put("/file", "2").value();
  CHECK(space.rewind({.entry = 2}, {.request_id = "r"}).value().repeated);
  CHECK(space.get("/file").value() == "2");
  CHECK(store.findings() == "");
}

TEST_CASE("rewind: is itself undone by going to the entry before it, bytes and all") {
  for (const MetadataEngine engine : engines()) {
    TestStore store(engine);
    const Space space = store.make_space("past");
    const std::string packed = content(4, 200'000), large = content(5, 3 << 20);
    space.put("/file", "small").value();
    space.put("/file", packed).value();
    space.put("/large", large).value();
    space.rewind({.entry = 2}).value();
    CHECK(store.findings(true) == "");
    // Nothing refers to the pieces now but what may come back.
    for (int i = 0; i < 3; ++i)
      CHECK(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
    CHECK(space.at({.entry = 4}).value().get("/large").value() == large);
    space.rewind({.entry = 4}).value();
    CHECK(space.get("/file").value() == packed);
    CHECK(space.get("/large").value() == large);
    CHECK(space.get("/file", {.version = 1}).value() == "small");
    CHECK(store.findings(true) == "");
  }
}

TEST_CASE("rewind: what was removed, restored or purged since is as it was, and back again") {
  for (const MetadataEngine engine : engines()) {
    TestStore store(engine);
    const Space space = store.make_space("past");
    const std::string packed = content(7, 200'000), large = content(8, 3 << 20);
    space.put("/file", packed).value();
    space.put("/file", large).value();
    space.put("/file", "small").value();
    space.put("/other", packed).value();
    space.mark_version("/file", 2, {.label = "large"}).value();
    const NodeId other = space.remove("/other").value().node;
    const SpaceInfo then = space.info().value();
    space.remove_version("/file", 1).value();
    space.remove_version("/file", 2).value();
    space.restore(Ref::node(other), {.to = "/back"}).value();
    space.remove("/file").value();
    space.empty_trash().value();
    const SpaceInfo last = space.info().value();
    const auto collect = [&store] {
      for (int i = 0; i < 3; ++i)
        CHECK(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
      CHECK(store.findings(true) == "");
    };
    collect();
    for (int round = 0; round < 2; ++round) {
      space.rewind({.entry = then.entry}).value();
      collect();
      CHECK(space.get("/file", {.version = 1}).value() == packed);
      CHECK(space.get("/file", {.version = 2}).value() == large);
      CHECK(space.versions("/file").value().items[1].label == "large");
      CHECK(space.info().value().totals == then.totals);
      CHECK(space.info().value().trash_bytes == then.trash_bytes);
      CHECK(space.trash().value().items.front().path == "/other");
      space.rewind({.entry = last.entry}).value();
      collect();
      CHECK(space.get("/back").value() == packed);
      CHECK(space.stat("/file").code() == Code::not_found);
      CHECK(space.info().value().totals == last.totals);
      CHECK(space.trash().value().items.empty());
    }
  }
}

TEST_CASE("rewind: whoever waits for the space is told") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  space.put("/file", "1").value();
  space.put("/file", "2").value();
  const Watch watch = space.watch(3).value();
  pollfd asked{watch.descriptor(), POLLIN, 0};
  CHECK(::poll(&asked, 1, 0) == 0);
  space.rewind({.entry = 2}).value();
  CHECK(::poll(&asked, 1, 10'000) == 1);
  CHECK(space.root_version().value().number == 4);
}

// Each rewind undoes the one before, so the way from any of them to any other stays as short as
// what differs.
TEST_CASE("rewind: rewinds of rewinds cost what lies between, not twice at each level") {
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  space.put("/file", "before").value();
  const EntryNumber before = space.info().value().entry;
  for (int i = 0; i < 200; ++i) space.put(fmt::format("/noise {}", i), "noise").value();
  EntryNumber other = before;
  std::uint64_t most = 0;
  const ProgressCallback note = [&most](const Progress& progress) {
    most = std::max(most, progress.done);
    return true;
  };
  for (int level = 0; level < 40; ++level) {
    const EntryNumber last = space.info().value().entry;
    space.rewind({.entry = other}, {.progress = note}).value();
    other = last;
    CHECK(space.info().value().totals.files == (level % 2 == 0 ? 1 : 201));
    CHECK(space.at({.entry = before}, {.progress = note}).value().info().value().totals.files == 1);
    CHECK(space.at({.entry = last}, {.progress = note}).value().info().value().totals.files ==
          (level % 2 == 0 ? 201 : 1));
  }
  CHECK(most <= 200 + 40);
  CHECK(store.findings() == "");
}

// A client that keeps a copy, and looks only into folders whose ETag is not the one it has.
class SyncClient {
 public:
  void sync(const Space& space) {
    std::map<std::string, NodeInfo> now;
    visit(space, "", space.stat("/").value(), now);
    known_ = std::move(now);
  }
  Tree tree() const {
    Tree tree;
    for (const auto& [path, node] : known_)
      tree[path] = node.kind == NodeKind::folder
                       ? fmt::format("folder {}", node.id)
                       : fmt::format("file {} v{} {}", node.id, node.version, to_hex(node.sha256));
    return tree;
  }

 private:
  void visit(const Space& space, const std::string& path, const NodeInfo& node,
             std::map<std::string, NodeInfo>& now) {
    const auto known = known_.find(path);
    if (known != known_.end() && known->second.id == node.id &&
        known->second.etag() == node.etag()) {
      const std::string below = path.empty() ? "" : path + "/";
      for (auto at = known_.lower_bound(path); at != known_.end(); ++at)
        if (at->first == path || at->first.starts_with(below)) now.insert(*at);
      return;
    }
    now[path] = node;
    if (node.kind == NodeKind::file) return;
    const auto page = space.list(Ref::node(node.id));
    if (!page.ok()) FAIL(path, " ", page.error().to_string());
    for (const NodeInfo& child : page->items)
      visit(space, path.empty() ? child.name : path + "/" + child.name, child, now);
  }

  std::map<std::string, NodeInfo> known_;
};

TEST_CASE("rewind: a client that goes by ETags ends with the right tree, whichever state it knew") {
  std::mt19937_64 random(seed());
  TestStore store(MetadataEngine::memory);
  const Space space = store.make_space("past");
  std::vector<SyncClient> clients;
  const auto path = [&random] {
    return fmt::format("/{}/{}/{}", random() % 2, random() % 2, random() % 3);
  };
  for (int step = 0; step < 300; ++step) {
    const auto any = random() % 10;
    if (any < 5)
      (void)space.put(path(), std::to_string(random() % 5), {.make_parents = true});
    else if (any < 7)
      (void)space.move(path(), path(), {.replace = true});
    else if (any < 8)
      (void)space.remove(path());
    else
      REQUIRE(space.rewind({.entry = 1 + random() % space.info().value().entry}).ok());
    if (step % 10 == 0) clients.emplace_back().sync(space);
    if (step % 25 != 0) continue;
    for (SyncClient& client : clients) {
      SyncClient later = client;
      later.sync(space);
      REQUIRE(later.tree() == tree_of(space));
    }
  }
  CHECK(store.findings() == "");
}

TEST_CASE("rewind: folders that are kept in memory are seen as they became") {
  TestStore store(MetadataEngine::rocksdb);
  const Space space = store.make_space("past");
  space.put("/a/b/file", "1", {.make_parents = true}).value();
  const EntryNumber then = space.info().value().entry;
  space.move("/a/b", "/c").value();
  space.put("/a/b", "a file now").value();
  CHECK(space.get("/c/file").value() == "1");
  space.rewind({.entry = then}).value();
  CHECK(space.get("/a/b/file").value() == "1");
  CHECK(space.stat("/c").code() == Code::not_found);
  CHECK(space.stat("/a").value().totals.folders == 1);
}

}  // namespace
}  // namespace spind::test
