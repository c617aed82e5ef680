// Copying as the public classes give it: files and folders, within a space and between two.
#include <doctest/doctest.h>

#include <atomic>
#include <future>

#include "base/limits.h"
#include "support/store/content.h"
#include "support/store/feed.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

struct CopyFixture {
  TestClock clock;
  TestStore store{MetadataEngine::memory, seams_with(clock)};
  Space space = store.make_space("copy");

  NodeId put(const Ref& file, std::string_view bytes = "content", std::int64_t mtime_ns = 7) {
    return space.put(file, bytes, {.mtime_ns = mtime_ns, .make_parents = true}).value().node;
  }
  // Paths below a folder, with their sizes.
  static std::string tree(const Space& space, const Ref& top) {
    std::string text;
    Walk walk = space.walk(top).value();
    while (const auto item = walk.next().value())
      text += item->path + ":" + std::to_string(item->node.size_bytes) + " ";
    return text;
  }
  void collect() { REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok()); }
  std::uint64_t entries() { return space.info()->entry; }
};

const std::string kPacked = content(1, 70'000);
const std::string kPieces = content(2, (8 << 20) + 1);

TEST_CASE_FIXTURE(CopyFixture,
                  "copy: a file, by reference, of which only the current version comes") {
  PutOptions options{.mtime_ns = 77, .checksums_wanted = kMd5};
  for (const std::string& bytes : {std::string(), std::string("inline"), kPacked, kPieces}) {
    CAPTURE(bytes.size());
    REQUIRE(space.put("/from", "before").ok());
    const Written original = space.put("/from", bytes, options).value();
    const Written copied = space.copy("/from", "/to", {.on_conflict = OnConflict::replace}).value();
    CHECK(copied.version == 1);
    CHECK(copied.size_bytes == bytes.size());
    CHECK(copied.sha256 == original.sha256);
    CHECK(copied.node != original.node);
    const NodeInfo info = space.stat("/to").value();
    CHECK(info.id == copied.node);
    CHECK(info.mtime_ns == 77);
    CHECK(info.checksums == space.stat("/from")->checksums);
    CHECK(info.changed == copied.entry);
    CHECK(*space.get("/to") == bytes);
    REQUIRE(space.remove("/from").ok());
    REQUIRE(space.empty_trash().ok());
    CHECK(*space.get("/to") == bytes);
  }
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(CopyFixture, "copy: a folder with all below it comes by one change") {
  put("/from/a", "one");
  put("/from/sub/b", kPacked);
  put("/from/sub/deep/c", "three");
  REQUIRE(space.make_folder("/from/empty", {.mtime_ns = 5}).ok());
  const std::string before = tree(space, "/from");
  std::string cursor = space.cursor_now().value();
  const Written copied = space.copy("/from", "/to").value();
  CHECK(tree(space, "/to") == before);
  CHECK(space.stat("/to")->totals == space.stat("/from")->totals);
  CHECK(space.stat("/to/empty")->mtime_ns == 5);
  CHECK(space.stat("/to")->changed == copied.entry);
  CHECK(space.root_version()->number == copied.entry);
  CHECK(*space.get("/to/sub/deep/c") == "three");
  const auto events = read_feed(space, cursor).value();
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == ChangeKind::copied);
  CHECK(events[0].node == copied.node);
  CHECK(events[0].node_kind == NodeKind::folder);
  CHECK(events[0].parent == kRootNode);
  CHECK(events[0].name == "to");
  REQUIRE(space.remove("/from").ok());
  REQUIRE(space.empty_trash().ok());
  CHECK(*space.get("/to/sub/b") == kPacked);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(CopyFixture,
                  "copy: a folder may go below itself, as it was before, and so may all") {
  put("/a/b/file");
  REQUIRE(space.copy("/a", "/a/b/copy").ok());
  CHECK(tree(space, "/a") == ":14 b:14 b/copy:7 b/copy/b:7 b/copy/b/file:7 b/file:7 ");
  REQUIRE(space.copy("/", "/all").ok());
  CHECK(tree(space, "/all/a") == ":14 b:14 b/copy:7 b/copy/b:7 b/copy/b/file:7 b/file:7 ");
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(CopyFixture,
                  "copy: what has the name is an error, stays, is replaced, or has company") {
  put("/from/file");
  const NodeId there = put("/to/other");
  const NodeId folder = space.stat("/to")->id;
  CHECK(space.copy("/from", "/to").code() == Code::already_exists);
  const std::uint64_t entry = entries();
  const Written skipped = space.copy("/from", "/to", {.on_conflict = OnConflict::skip}).value();
  CHECK(skipped.entry == 0);
  CHECK(skipped.node == folder);
  CHECK(entries() == entry);
  REQUIRE(space.copy("/from", "/to", {.on_conflict = OnConflict::keep_both}).ok());
  CHECK(tree(space, "/to (2)") == ":7 file:7 ");
  std::string cursor = space.cursor_now().value();
  REQUIRE(space.copy("/from", "/to", {.on_conflict = OnConflict::replace}).ok());
  CHECK(tree(space, "/to") == ":7 file:7 ");
  CHECK(read_feed(space, cursor)->size() == 2);
  REQUIRE(space.restore(Ref::node(folder), {.to = "/back"}).ok());
  CHECK(space.stat("/back/other")->id == there);
  CHECK(space.copy("/from", "/", {.on_conflict = OnConflict::replace}).code() == Code::conflict);
  CHECK(space.copy("/from", "/from", {.on_conflict = OnConflict::replace}).code() ==
        Code::conflict);
  CHECK(space.copy("/from/file", "/from", {.on_conflict = OnConflict::replace}).code() ==
        Code::conflict);
  CHECK(space.copy("/from", "/no/to").code() == Code::not_found);
  REQUIRE(space.copy("/from", "/no/to", {.make_parents = true}).ok());
  CHECK(space.copy("/none", "/x").code() == Code::not_found);
  CHECK(space.copy("/from", "/from/file/x").code() == Code::not_a_folder);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(CopyFixture,
                  "copy: asks for conditions on what is copied and on what stands there") {
  put("/from/file");
  put("/to");
  const std::string from = space.stat("/from")->etag(), to = space.stat("/to")->etag();
  CopyOptions options{.on_conflict = OnConflict::replace};
  options.from_conditions.if_match = to;
  CHECK(space.copy("/from", "/to", options).code() == Code::precondition_failed);
  options.from_conditions.if_match = from;
  options.conditions.if_match = from;
  CHECK(space.copy("/from", "/to", options).code() == Code::precondition_failed);
  options.conditions.if_match = to;
  CHECK(space.copy("/from", "/to", options).ok());
}

TEST_CASE_FIXTURE(CopyFixture, "copy: a repeated request is answered as the first was") {
  put("/from/file");
  for (const char* from : {"/from", "/from/file"}) {
    const CopyOptions options{.on_conflict = OnConflict::keep_both, .request_id = from};
    const Written first = space.copy(from, "/to", options).value();
    const std::uint64_t entry = entries();
    const Written again = space.copy(from, "/to", options).value();
    CHECK(again.repeated);
    CHECK(again.node == first.node);
    CHECK(again.entry == first.entry);
    CHECK(again.sha256 == first.sha256);
    CHECK(entries() == entry);
  }
  CHECK(space.remove("/from", {.request_id = "/from"}).code() == Code::conflict);
  const std::string long_id(kRequestIdBytesMax + 1, 'x');
  CHECK(space.copy("/from", "/new", {.request_id = long_id}).code() == Code::limit_exceeded);
}

TEST_CASE_FIXTURE(CopyFixture,
                  "copy: takes more entries for more nodes, and shows nothing before the end") {
  constexpr std::uint64_t kFiles = 2 * kCopyNodesBatch + 10;
  const Session deferred = store.session("ada", true);
  const Space quick = deferred.space(space.id()).value();
  REQUIRE(quick.make_folder("/from").ok());
  for (std::uint64_t i = 0; i < kFiles; ++i)
    REQUIRE(quick.put("/from/" + std::to_string(i), "x").ok());
  REQUIRE(deferred.wait().ok());
  std::string cursor = space.cursor_now().value();
  const EntryNumber visible = space.root_version()->number;
  const std::uint64_t entry = entries();
  std::uint64_t calls = 0, done = 0;
  CopyOptions options;
  options.progress = [&](const Progress& progress) {
    ++calls;
    done = progress.done;
    CHECK(progress.total == kFiles + 1);
    CHECK(space.root_version()->number == visible);
    CHECK(space.stat("/to").code() == Code::not_found);
    return true;
  };
  REQUIRE(space.copy("/from", "/to", options).ok());
  CHECK(calls == 4);
  CHECK(done == kFiles + 1);
  CHECK(entries() == entry + 4);
  CHECK(space.stat("/to")->totals == space.stat("/from")->totals);
  CHECK(read_feed(space, cursor)->size() == 1);

  // Given up in the middle, nothing of it is seen.
  CancelToken cancel;
  options.cancel = cancel;
  options.progress = [&](const Progress& progress) {
    if (progress.done > kCopyNodesBatch) cancel.cancel();
    return true;
  };
  CHECK(space.copy("/from", "/cancelled", options).code() == Code::cancelled);
  CHECK(space.stat("/cancelled").code() == Code::not_found);
  CHECK(space.info()->trash_bytes == 0);
  CHECK(space.trash()->items.empty());
  CHECK(store.findings() == "");

  // Nor if only a part of it was taken back meanwhile.
  const EntryNumber first = entries() + 1;
  options.cancel.reset();
  options.progress = [&](const Progress& progress) {
    if (progress.done == 2 * kCopyNodesBatch) REQUIRE(space.rewind({.entry = first}).ok());
    return true;
  };
  CHECK(space.copy("/from", "/torn", options).code() == Code::aborted);
  CHECK(space.stat("/torn").code() == Code::not_found);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(CopyFixture, "copy: what is staged is reached by no reference") {
  put("/from/sub/file");
  const NodeId last = put("/last");
  CopyOptions options;
  options.progress = [&](const Progress& progress) {
    if (progress.done == 0) return true;
    REQUIRE(space.set_mtime("/last", 1).ok());  // so that it is durable
    for (NodeId node = last + 1; node <= last + 3; ++node) {
      CHECK(space.stat(Ref::node(node)).code() == Code::not_found);
      CHECK(space.restore(Ref::node(node), {.to = "/stolen"}).code() == Code::not_found);
      CHECK(space.purge(Ref::node(node)).code() == Code::not_found);
      CHECK(space.move(Ref::node(node), "/stolen").code() == Code::not_found);
      CHECK(space.put(Ref::below(node, "new"), "x").code() == Code::not_found);
    }
    return true;
  };
  const Written copied = space.copy("/from", "/to", options).value();
  CHECK(copied.node == last + 1);
  CHECK(tree(space, "/to") == ":7 sub:7 sub/file:7 ");
}

TEST_CASE_FIXTURE(CopyFixture,
                  "copy: a rewind of the space under way ends it, and leaves nothing") {
  put("/from/file");
  const EntryNumber before = entries();
  put("/later");
  for (const bool of_all : {true, false}) {
    CopyOptions options;
    options.progress = [&](const Progress& progress) {
      // At the end, when all is staged and not attached.
      if (progress.done == 0) return true;
      const EntryNumber to = of_all ? before : entries() - 1;
      REQUIRE(space.rewind({.entry = to}).ok());
      return true;
    };
    CHECK(space.copy("/from", "/to", options).code() == Code::aborted);
    CHECK(space.stat("/to").code() == Code::not_found);
    CHECK(store.findings() == "");
  }
  collect();
  CHECK(store.findings(true) == "");
  CHECK(space.copy("/from", "/to").ok());
}

TEST_CASE_FIXTURE(CopyFixture, "copy: a rewind that takes back a part of what is staged ends it") {
  // More than one batch.
  constexpr std::size_t kFiles = kCopyNodesBatch + 10;
  for (std::size_t i = 0; i < kFiles; ++i)
    REQUIRE(space.put("/from/" + std::to_string(i), "x", {.make_parents = true}).ok());
  const EntryNumber before = entries();
  bool rewound = false;
  CopyOptions options;
  options.progress = [&](const Progress& progress) {
    // All but the last batch stays.
    if (progress.done >= kFiles && !std::exchange(rewound, true))
      REQUIRE(space.rewind({.entry = before + 1}).ok());
    return true;
  };
  CHECK(space.copy("/from", "/to", options).code() == Code::aborted);
  CHECK(rewound);
  CHECK(space.stat("/to").code() == Code::not_found);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(CopyFixture,
                  "copy: rewound, it is gone; and what was staged meanwhile is given up") {
  put("/from/file", kPacked);
  const EntryNumber before = entries();
  const Written copied = space.copy("/from", "/to").value();
  // To where all was staged and nothing was attached.
  REQUIRE(space.rewind({.entry = copied.entry - 1}).ok());
  CHECK(space.stat("/to").code() == Code::not_found);
  const std::uint64_t entry = entries();
  collect();
  CHECK(entries() == entry + 1);
  CHECK(store.findings(true) == "");
  collect();
  CHECK(entries() == entry + 1);
  REQUIRE(space.rewind({.entry = copied.entry}).ok());
  CHECK(*space.get("/to/file") == kPacked);
  REQUIRE(space.rewind({.entry = before}).ok());
  CHECK(space.stat("/to").code() == Code::not_found);
  collect();
  CHECK(store.findings(true) == "");
  CHECK(*space.at({.entry = copied.entry})->get("/to/file") == kPacked);
}

TEST_CASE_FIXTURE(CopyFixture,
                  "copy: between spaces of a tenant, and content outlives the other space's") {
  const Space other = store.make_space("other");
  for (const auto& [name, bytes] : {std::pair<const char*, std::string>{"inline", "few"},
                                    {"packed", kPacked},
                                    {"pieces", kPieces}})
    REQUIRE(other.put(std::string("/from/") + name, bytes, {.make_parents = true}).ok());
  REQUIRE(space.copy_from(other, "/from", "/to").ok());
  REQUIRE(space.copy_from(other, "/from/packed", "/file").ok());
  CHECK(store.findings(true) == "");
  REQUIRE(other.remove("/from").ok());
  REQUIRE(other.empty_trash().ok());
  collect();
  CHECK(*space.get("/to/inline") == "few");
  CHECK(*space.get("/to/packed") == kPacked);
  CHECK(*space.get("/to/pieces") == kPieces);
  CHECK(*space.get("/file") == kPacked);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(CopyFixture, "copy: not from a store apart, nor where one may not read") {
  TestStore second(MetadataEngine::memory);
  const Space elsewhere = second.make_space("elsewhere");
  CHECK(space.copy_from(elsewhere, "/", "/x").code() == Code::unsupported);
  put("/file");
  const Space of_eve = store.session("eve").create_space({}).value();
  CHECK(of_eve.copy_from(space, "/file", "/file").ok());  // whoever opened it may read there
  CHECK(store.session("eve").space(space.id()).code() == Code::not_found);
}

TEST_CASE_FIXTURE(CopyFixture, "copy: out of the past, over what is there now") {
  put("/folder/file", "good");
  put("/folder/packed", kPacked);
  const EntryNumber then = entries();
  REQUIRE(space.put("/folder/file", "noise").ok());
  REQUIRE(space.remove("/folder/packed").ok());
  REQUIRE(space.empty_trash().ok());
  const Space past = space.at({.entry = then}).value();
  CHECK(past.copy("/folder", "/x").code() == Code::unsupported);
  REQUIRE(space.copy_from(past, "/folder", "/folder", {.on_conflict = OnConflict::replace}).ok());
  CHECK(*space.get("/folder/file") == "good");
  CHECK(*space.get("/folder/packed") == kPacked);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(CopyFixture, "copy: names that collide where the target folds them are refused") {
  const Space folded = store.make_space("folded", NameRule::folded);
  put("/from/a");
  put("/from/A");
  put("/other/a");
  put("/other/OTHER");  // its folder's name is no name beside it
  CHECK(folded.copy_from(space, "/from", "/to").code() == Code::already_exists);
  CHECK(folded.stat("/to").code() == Code::not_found);
  REQUIRE(folded.copy_from(space, "/other", "/to").ok());
  CHECK(folded.copy("/to", "/TO").code() == Code::already_exists);
  REQUIRE(folded.copy("/to", "/TO", {.on_conflict = OnConflict::keep_both}).ok());
  CHECK(folded.stat("/TO (2)/a").ok());
  CHECK(folded.put("/to/A", "x").code() == Code::already_exists);
  CHECK(store.findings() == "");
}

TEST_CASE("copy: what a full device has lost of one is not taken for what another has staged") {
  std::atomic<bool> full = false;
  TestStore store(MetadataEngine::memory, {}, {}, true);
  store.before_kv([&](kv::MemoryCall call) -> Status {
    if (call == kv::MemoryCall::reopen) store.disk().cut();
    if (call != kv::MemoryCall::sync || !full.exchange(false)) return {};
    return Error{.code = Code::no_space, .text = "the device is full"};
  });
  REQUIRE(store.open().ok());
  const Space space = store.make_space("copy"), other_space = store.make_space("other");
  for (int i = 0; i < 100; ++i)  // two batches
    REQUIRE(
        space.put("/from/" + std::to_string(i), content(4, 15'000), {.make_parents = true}).ok());

  // When the first has staged a batch, it is lost; then the second stages its own under the same
  // number, and waits for the first to end.
  std::promise<void> staged, ended;
  CopyOptions second;
  second.progress = [&, batch = 0](const Progress&) mutable {
    if (++batch == 2) staged.set_value(), ended.get_future().wait();
    return true;
  };
  std::future<Code> other;
  CopyOptions first;
  first.progress = [&, batch = 0](const Progress&) mutable {
    if (++batch != 2) return true;
    full = true;
    CHECK(other_space.put("/fills it", "").code() == Code::no_space);
    CHECK(other_space.put("/there is room", "").ok());
    other = std::async(std::launch::async,
                       [&] { return space.copy("/from", "/second", second).code(); });
    CHECK(staged.get_future().wait_for(std::chrono::minutes(1)) == std::future_status::ready);
    return true;
  };
  CHECK(space.copy("/from", "/first", first).code() == Code::unavailable);
  ended.set_value();
  CHECK(other.get() == Code::ok);
  CHECK(CopyFixture::tree(space, "/second") == CopyFixture::tree(space, "/from"));
  CHECK(space.stat("/first").code() == Code::not_found);
  CHECK(store.findings() == "");
}

TEST_CASE_FIXTURE(CopyFixture, "copy: a deferred session copies what it has just done") {
  const Session deferred = store.session("ada", true);
  const Space quick = deferred.space(space.id()).value();
  REQUIRE(quick.put("/from/file", "x", {.make_parents = true}).ok());
  REQUIRE(quick.copy("/from", "/to").ok());
  REQUIRE(deferred.wait().ok());
  CHECK(*space.get("/to/file") == "x");
}

}  // namespace
}  // namespace spind::test
