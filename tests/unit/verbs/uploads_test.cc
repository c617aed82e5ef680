// Uploads as the public classes give them: bytes that come in parts, through restarts, at their
// offset or not at all, and end as a put of all of them would.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "base/limits.h"
#include "support/store/content.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

constexpr std::size_t kMiB = 1 << 20;

struct UploadsFixture {
  explicit UploadsFixture(MetadataEngine engine = MetadataEngine::memory)
      : store(engine, seams_with(clock)), space(store.make_space("uploads")) {}

  TestClock clock;
  TestStore store;
  Space space;

  void reopen() {
    store.reopen();
    space = store.space("uploads");
  }
  UploadInfo start(const Ref& target, std::uint64_t size_bytes, const UploadOptions& options = {}) {
    return space.start_upload(target, size_bytes, options).value();
  }
  // From the upload's offset to the end of `bytes`, in parts of at most `part_bytes`.
  void append(UploadId id, std::string_view bytes, std::size_t part_bytes) {
    std::uint64_t offset = space.upload(id)->offset;
    while (offset < bytes.size()) {
      const std::string_view part = bytes.substr(offset, part_bytes);
      const UploadInfo after = space.append_upload(id, offset, part).value();
      REQUIRE(after.offset == offset + part.size());
      offset = after.offset;
    }
  }
  std::uint64_t pieces() { return store.store().check().value().pieces; }
};

TEST_CASE_FIXTURE(UploadsFixture,
                  "uploads: parts become the version that a put of the whole makes") {
  const std::size_t sizes[] = {0, 1, 16 << 10, (16 << 10) + 1, 70'000, 8 * kMiB, 8 * kMiB + 5};
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    const std::string bytes = content(size + 1, size);
    const std::string path = "/file " + std::to_string(size);
    const Written put = space.put("/put" + path, bytes, {.make_parents = true}).value();
    const UploadInfo upload = start(path, size);
    CHECK(upload.offset == 0);
    CHECK(upload.size_bytes == size);
    append(upload.id, bytes, size / 3 + 1);
    CHECK(space.stat(path).code() == Code::not_found);
    const EntryNumber before = space.info()->entry;
    const Written written = space.finish_upload(upload.id).value();
    CHECK(written.entry == before + 1);
    CHECK(written.version == 1);
    CHECK(written.size_bytes == size);
    CHECK(written.sha256 == put.sha256);
    CHECK(*space.get(path) == bytes);
    CHECK(space.upload(upload.id).code() == Code::not_found);
  }
  CHECK(space.uploads()->items.empty());
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(UploadsFixture,
                  "uploads: however the bytes come, the file has the pieces of a put") {
  const std::string bytes = content(7, 17 * kMiB + 100);
  REQUIRE(space.put("/put", bytes).ok());
  REQUIRE(pieces() == 3);
  for (const std::size_t part : {8 * kMiB, 3 * kMiB + 1, 17 * kMiB}) {
    CAPTURE(part);
    UploadsFixture other;
    const UploadInfo upload = other.start("/file", bytes.size());
    other.append(upload.id, bytes, part);
    REQUIRE(other.space.finish_upload(upload.id).ok());
    REQUIRE(other.space.put("/put", bytes).ok());
    // Nothing is there twice but parts that were joined, which are kept until the floor has passed.
    CHECK(other.store.findings(true) == "");
    CHECK(other.space.stat("/file")->sha256 == other.space.stat("/put")->sha256);
    if (part == 8 * kMiB) CHECK(other.pieces() == 3);
    CHECK(*other.space.get("/file") == bytes);
  }
}

TEST_CASE_FIXTURE(UploadsFixture, "uploads: many small appends are joined") {
  const std::string bytes = content(8, 200'000);
  const UploadInfo upload = start("/file", bytes.size());
  append(upload.id, bytes, 3'001);
  CHECK(store.findings(true) == "");
  CHECK(space.finish_upload(upload.id).ok());
  CHECK(*space.get("/file") == bytes);
  CHECK(store.findings(true) == "");
}

TEST_CASE("uploads: go on after the store was closed and opened") {
  for (const MetadataEngine engine : engines()) {
    CAPTURE(engine_name(engine));
    UploadsFixture fixture(engine);
    const std::string bytes = content(9, 9 * kMiB);
    const UploadInfo upload = fixture.start("/a/file", bytes.size(), {.make_parents = true});
    fixture.append(upload.id, std::string_view(bytes).substr(0, 100), 100);
    fixture.reopen();
    CHECK(fixture.space.upload(upload.id)->offset == 100);
    fixture.append(upload.id, std::string_view(bytes).substr(0, 8 * kMiB + 1), 3 * kMiB);
    fixture.reopen();
    REQUIRE(fixture.space.uploads()->items.size() == 1);
    CHECK(fixture.space.uploads()->items.front().target.to_string() == "/a/file");
    fixture.append(upload.id, bytes, bytes.size());
    fixture.reopen();
    CHECK(fixture.space.finish_upload(upload.id)->size_bytes == bytes.size());
    CHECK(*fixture.space.get("/a/file") == bytes);
    CHECK(fixture.store.findings(true) == "");
  }
}

TEST_CASE_FIXTURE(UploadsFixture, "append_upload: says at which offset the upload goes on") {
  const UploadInfo upload = start("/file", 10);
  REQUIRE(space.append_upload(upload.id, 0, "01234").ok());
  for (const std::uint64_t offset : {0U, 4U, 6U, 11U}) {
    const auto refused = space.append_upload(upload.id, offset, "x");
    CHECK(refused.code() == Code::precondition_failed);
    CHECK(refused.error().limit == 5);
  }
  const EntryNumber before = space.info()->entry;
  CHECK(space.append_upload(upload.id, 5, "")->offset == 5);
  CHECK(space.append_upload(upload.id, 4, "").code() == Code::precondition_failed);
  CHECK(space.info()->entry == before);
  CHECK(space.append_upload(upload.id, 5, "567890").code() == Code::invalid_argument);
  CHECK(space.append_upload(upload.id + 1, 0, "x").code() == Code::not_found);
  const std::string large(kUploadAppendBytesMax + 1, 'x');
  const auto too_large = space.append_upload(upload.id, 5, large);
  CHECK(too_large.code() == Code::limit_exceeded);
  CHECK(too_large.error().limit == kUploadAppendBytesMax);
  CHECK(space.upload(upload.id)->offset == 5);
  CHECK(space.finish_upload(upload.id).code() == Code::conflict);
  REQUIRE(space.append_upload(upload.id, 5, "56789").ok());
  CHECK(space.append_upload(upload.id, 10, "x").code() == Code::invalid_argument);
  CHECK(*space.get(Ref::node(space.finish_upload(upload.id)->node)) == "0123456789");
}

TEST_CASE_FIXTURE(UploadsFixture,
                  "start_upload: refuses what a put would refuse, and what is too much") {
  REQUIRE(space.make_folder("/folder").ok());
  REQUIRE(space.put("/file", "x").ok());
  CHECK(space.start_upload("/folder", 1).code() == Code::is_a_folder);
  CHECK(space.start_upload("/none/file", 1).code() == Code::not_found);
  CHECK(space.start_upload("/file/below", 1).code() == Code::not_a_folder);
  CHECK(space.start_upload("/file", 1, {.conditions = {.if_none_match = "*"}}).code() ==
        Code::precondition_failed);
  CHECK(space.start_upload("/new", kFileBytesMax + 1).code() == Code::limit_exceeded);
  CHECK(space.start_upload("/new", 1, {.kept = std::chrono::seconds(0)}).code() ==
        Code::invalid_argument);
  CHECK(space.start_upload("/new", 1, {.kept = std::chrono::hours(24 * 30 + 1)}).code() ==
        Code::limit_exceeded);
  const UploadOptions long_etags{.conditions = {.if_match = std::string(5'000, 'x')}};
  CHECK(space.start_upload("/new", 1, long_etags).code() == Code::limit_exceeded);
  CHECK(space.uploads()->items.empty());
  const UploadInfo once = start("/new", 3, {.request_id = "again"});
  REQUIRE(space.append_upload(once.id, 0, "ab").ok());
  const UploadInfo twice = start("/new", 3, {.request_id = "again"});
  CHECK(twice.id == once.id);
  CHECK(twice.offset == 2);
}

TEST_CASE_FIXTURE(UploadsFixture, "finish_upload: checks all that a put checks, at this moment") {
  const UploadInfo upload =
      start("/file", 3, {.conditions = {.if_none_match = "*"}, .sha256 = sha256_of("abc")});
  REQUIRE(space.append_upload(upload.id, 0, "xyz").ok());
  CHECK(space.finish_upload(upload.id).code() == Code::precondition_failed);
  REQUIRE(space.abort_upload(upload.id).ok());

  const UploadInfo good = start(
      "/file", 3, {.conditions = {.if_none_match = "*"}, .mtime_ns = 7, .checksums_wanted = kMd5});
  REQUIRE(space.append_upload(good.id, 0, "abc").ok());
  REQUIRE(space.put("/file", "meanwhile").ok());
  CHECK(space.finish_upload(good.id).code() == Code::precondition_failed);
  CHECK(space.upload(good.id)->offset == 3);
  REQUIRE(space.remove("/file").ok());
  const Written written = space.finish_upload(good.id, {.request_id = "once"}).value();
  CHECK(space.stat("/file")->mtime_ns == 7);
  CHECK(space.stat("/file")->checksums.md5.has_value());
  const Written again = space.finish_upload(good.id, {.request_id = "once"}).value();
  CHECK(again.repeated);
  CHECK(again.node == written.node);
  CHECK(again.entry == written.entry);
  CHECK(again.sha256 == sha256_of("abc"));
  CHECK(space.finish_upload(good.id).code() == Code::not_found);

  // The folder that it goes to is there no more.
  REQUIRE(space.make_folder("/folder").ok());
  const UploadInfo lost = start("/folder/file", 0);
  REQUIRE(space.remove("/folder").ok());
  CHECK(space.finish_upload(lost.id).code() == Code::not_found);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(UploadsFixture,
                  "finish_upload: can be cancelled while it reads, and tried again") {
  const std::string bytes = content(3, 3 * kMiB);
  const UploadInfo upload = start("/file", bytes.size());
  append(upload.id, bytes, bytes.size());
  std::uint64_t asked = 0;
  const auto stop = [&asked](const Progress& progress) {
    CHECK(progress.total == 3 * kMiB);
    return ++asked < 2;
  };
  CHECK(space.finish_upload(upload.id, {.progress = stop}).code() == Code::cancelled);
  CHECK(space.finish_upload(upload.id).ok());
}

TEST_CASE_FIXTURE(UploadsFixture,
                  "finish_upload: is one event, with all that the event of a put tells") {
  REQUIRE(space.put("/file", "before").ok());
  const RootVersion before = space.root_version().value();
  const UploadInfo upload = start("/file", 3);
  REQUIRE(space.append_upload(upload.id, 0, "abc").ok());
  CHECK(space.root_version()->number == before.number);
  const std::string cursor = space.cursor_now().value();
  const Written written = space.finish_upload(upload.id).value();
  const ChangePage page = space.changes(cursor).value();
  REQUIRE(page.events.size() == 1);
  CHECK(page.events.front().kind == ChangeKind::updated);
  CHECK(page.events.front().node == written.node);
  CHECK(page.events.front().version == 2);
  CHECK(page.events.front().parent == kRootNode);
}

TEST_CASE_FIXTURE(UploadsFixture, "uploads: of two appends at once one wins") {
  const UploadInfo upload = start("/file", 2 * 40'000);
  std::atomic<int> won = 0, lost = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&, i] {
      const auto after =
          space.append_upload(upload.id, 0, content(static_cast<std::uint64_t>(i), 40'000));
      if (after.ok()) ++won;
      if (after.code() == Code::precondition_failed) ++lost;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(won == 1);
  CHECK(lost == 1);
  CHECK(space.upload(upload.id)->offset == 40'000);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(UploadsFixture, "uploads: come in pages, and belong to who began them") {
  std::vector<UploadId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(start("/file", 10).id);
  UploadsOptions options{.count_max = 2};
  std::vector<UploadId> listed;
  do {
    const auto page = space.uploads(options).value();
    CHECK(page.items.size() <= 2);
    for (const UploadInfo& upload : page.items) listed.push_back(upload.id);
    options.after = page.next;
  } while (!options.after.empty());
  CHECK(listed == ids);
  CHECK(space.uploads({.of_everybody = true})->items.size() == 5);
  CHECK(space.uploads({.count_max = 0}).code() == Code::invalid_argument);
  const std::string own = space.uploads({.count_max = 1})->next;
  CHECK(space.uploads({.of_everybody = true, .after = own}).code() == Code::invalid_argument);
  CHECK(store.session("eve").space(space.id()).code() == Code::not_found);
}

TEST_CASE_FIXTURE(UploadsFixture, "uploads: one that is given up leaves nothing behind") {
  const std::string bytes = content(5, 9 * kMiB);
  const UploadInfo upload = start("/file", bytes.size());
  append(upload.id, bytes, 5 * kMiB);
  REQUIRE(space.abort_upload(upload.id).ok());
  CHECK(space.abort_upload(upload.id).code() == Code::not_found);
  CHECK(space.append_upload(upload.id, 0, "x").code() == Code::not_found);
  CHECK(space.finish_upload(upload.id).code() == Code::not_found);
  CHECK(space.uploads()->items.empty());
  CHECK(space.list("/")->items.empty());
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(UploadsFixture,
                  "uploads: expire when nothing came for so long, and a sweep ends them") {
  const UploadInfo slow = start("/slow", 10);
  const UploadInfo dead = start("/dead", 10, {.kept = std::chrono::seconds(60)});
  REQUIRE(space.append_upload(dead.id, 0, "abc").ok());
  clock.advance(59'000'000'000);
  REQUIRE(space.append_upload(dead.id, 3, "def").ok());
  clock.advance(59'000'000'000);
  CHECK(space.upload(dead.id)->expires_ns == clock.wall_ns() + 1'000'000'000);
  clock.advance(1'000'000'000);
  CHECK(space.upload(dead.id).code() == Code::not_found);
  CHECK(space.append_upload(dead.id, 6, "g").code() == Code::not_found);
  CHECK(space.uploads()->items.size() == 1);
  const EntryNumber before = space.info()->entry;
  reopen();
  CHECK(space.info()->entry == before + 1);
  CHECK(space.info()->visible < before);
  clock.advance(std::int64_t{25} * 3600 * 1'000'000'000);
  REQUIRE(store.store().collect().ok());
  CHECK(space.info()->entry == before + 2);
  // There is nothing left to look at.
  REQUIRE(store.store().collect().ok());
  CHECK(space.info()->entry == before + 2);
  CHECK(space.upload(slow.id).code() == Code::not_found);
  CHECK(store.findings(true) == "");
  // A clock that jumps ends none.
  start("/jump", 1, {.kept = std::chrono::seconds(1)});
  clock.jump(std::int64_t{100} * 1'000'000'000);
  REQUIRE(store.store().collect().ok());
  CHECK(space.info()->entry == before + 3);
  reopen();
  CHECK(space.info()->entry == before + 4);
  // A new one is found again.
  start("/new", 1, {.kept = std::chrono::seconds(1)});
  clock.advance(1'000'000'000);
  REQUIRE(store.store().collect().ok());
  CHECK(space.info()->entry == before + 6);
}

TEST_CASE_FIXTURE(UploadsFixture, "uploads: a rewind takes them along") {
  const std::string bytes = content(4, 40'000);
  const UploadInfo upload = start("/file", bytes.size() + 3);
  const EntryNumber started = space.info()->entry;
  REQUIRE(space.append_upload(upload.id, 0, bytes).ok());
  const EntryNumber appended = space.info()->entry;
  REQUIRE(space.append_upload(upload.id, bytes.size(), "end").ok());
  REQUIRE(space.finish_upload(upload.id).ok());
  const EntryNumber finished = space.info()->entry;

  REQUIRE(space.rewind({.entry = appended}).ok());
  CHECK(space.stat("/file").code() == Code::not_found);
  CHECK(space.upload(upload.id)->offset == bytes.size());
  CHECK(store.findings(true) == "");
  const auto refused = space.append_upload(upload.id, bytes.size() + 3, "x");
  CHECK(refused.code() == Code::precondition_failed);
  CHECK(refused.error().limit == bytes.size());
  REQUIRE(space.append_upload(upload.id, bytes.size(), "new").ok());
  REQUIRE(space.finish_upload(upload.id).ok());
  CHECK(*space.get("/file") == bytes + "new");

  REQUIRE(space.rewind({.entry = finished}).ok());
  CHECK(*space.get("/file") == bytes + "end");
  CHECK(space.upload(upload.id).code() == Code::not_found);
  REQUIRE(space.rewind({.entry = started - 1}).ok());
  CHECK(space.append_upload(upload.id, 0, bytes).code() == Code::not_found);
  CHECK(store.findings(true) == "");
  // What came back is swept as any other.
  REQUIRE(store.store().collect().ok());
  REQUIRE(space.rewind({.entry = started}).ok());
  clock.advance(std::int64_t{25} * 3600 * 1'000'000'000);
  const EntryNumber before = space.info()->entry;
  REQUIRE(store.store().collect().ok());
  CHECK(space.info()->entry == before + 1);
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(UploadsFixture, "uploads: begin elsewhere while a space is rewound") {
  Space other = store.make_space("other");
  const EntryNumber before = space.info()->entry;
  for (int i = 0; i < 10; ++i) REQUIRE(space.put("/file", std::to_string(i)).ok());
  std::size_t begun = 0;
  RewindOptions options;
  options.progress = [&](const Progress&) {
    begun += other.start_upload("/" + std::to_string(begun), 6).ok() ? 1 : 0;
    return true;
  };
  REQUIRE(space.rewind({.entry = before}, options).ok());
  CHECK(begun > 0);
  CHECK(other.uploads()->items.size() == begun);
}

TEST_CASE_FIXTURE(UploadsFixture, "uploads: a view of the past shows those of then") {
  const UploadInfo upload = start("/file", 6);
  REQUIRE(space.append_upload(upload.id, 0, "abc").ok());
  const EntryNumber then = space.info()->entry;
  REQUIRE(space.append_upload(upload.id, 3, "def").ok());
  REQUIRE(space.finish_upload(upload.id).ok());
  const Space past = space.at({.entry = then}).value();
  CHECK(past.upload(upload.id)->offset == 3);
  CHECK(past.uploads()->items.size() == 1);
  CHECK(past.append_upload(upload.id, 3, "x").code() == Code::unsupported);
  CHECK(past.start_upload("/other", 1).code() == Code::unsupported);
  CHECK(past.abort_upload(upload.id).code() == Code::unsupported);
}

TEST_CASE("uploads: a deferred session goes on at once, and waits when it wants to") {
  UploadsFixture fixture;
  const Session session = fixture.store.session("ada", true);
  const Space space = session.space(fixture.space.id()).value();
  const UploadInfo upload = space.start_upload("/file", 6).value();
  CHECK(space.append_upload(upload.id, 0, "abc")->offset == 3);
  CHECK(space.append_upload(upload.id, 3, "def")->offset == 6);
  CHECK(space.finish_upload(upload.id)->size_bytes == 6);
  REQUIRE(session.wait().ok());
  CHECK(*fixture.space.get("/file") == "abcdef");
}

TEST_CASE_FIXTURE(UploadsFixture, "hold: what is held is released, discarded or quarantined") {
  REQUIRE(space.put("/file", "before").ok());
  const auto hold = [&](std::string_view bytes) {
    const UploadInfo upload = start("/file", bytes.size());
    REQUIRE(space.append_upload(upload.id, 0, bytes).ok());
    CHECK(space.release_upload(upload.id).code() == Code::conflict);
    CHECK(space.quarantine_upload(upload.id).code() == Code::conflict);
    CHECK(space.upload_reader(upload.id).code() == Code::too_early);
    const Written held = space.finish_upload(upload.id, {.hold = true}).value();
    CHECK(held.entry == 0);
    CHECK(held.node == 0);
    CHECK(held.sha256 == sha256_of(bytes));
    CHECK(space.upload(upload.id)->state == UploadState::held);
    CHECK(space.upload(upload.id)->expires_ns == 0);
    return upload.id;
  };
  const UploadId released = hold("released"), discarded = hold("discarded");
  const UploadId quarantined = hold(content(6, 30'000));
  CHECK(*space.get("/file") == "before");
  CHECK(space.upload_reader(released).code() == Code::too_early);
  CHECK(space.append_upload(released, 8, "x").code() == Code::conflict);
  CHECK(space.finish_upload(released).code() == Code::conflict);
  clock.advance(std::int64_t{100} * 24 * 3600 * 1'000'000'000);
  reopen();
  REQUIRE(store.store().collect().ok());
  CHECK(space.uploads()->items.size() == 3);

  Reader reader = space.upload_reader(released, {.inspect = true}).value();
  std::vector<std::uint8_t> buffer(100);
  CHECK(reader.read(buffer).value() == 8);
  const Written written = space.release_upload(released, {.request_id = "go"}).value();
  CHECK(written.version == 2);
  CHECK(*space.get("/file") == "released");
  CHECK(space.release_upload(released, {.request_id = "go"})->repeated);
  CHECK(space.release_upload(released).code() == Code::not_found);

  REQUIRE(space.abort_upload(discarded).ok());
  CHECK(*space.get("/file") == "released");

  REQUIRE(space.quarantine_upload(quarantined).ok());
  CHECK(space.upload(quarantined)->state == UploadState::quarantined);
  CHECK(space.upload_reader(quarantined).code() == Code::permission_denied);
  CHECK(store.findings(true) == "");
  reopen();
  CHECK(space.release_upload(quarantined)->version == 3);
  CHECK(*space.get("/file") == content(6, 30'000));
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(UploadsFixture, "hold: a release checks the target's conditions again") {
  REQUIRE(space.put("/file", "before").ok());
  const std::string etag = space.stat("/file")->etag();
  const UploadInfo upload = start("/file", 3, {.conditions = {.if_match = etag}});
  REQUIRE(space.append_upload(upload.id, 0, "abc").ok());
  REQUIRE(space.finish_upload(upload.id, {.hold = true}).ok());
  REQUIRE(space.put("/file", "meanwhile").ok());
  CHECK(space.release_upload(upload.id).code() == Code::precondition_failed);
  CHECK(space.upload(upload.id)->state == UploadState::held);
  CHECK(*space.get("/file") == "meanwhile");
  CHECK(store.findings(true) == "");
}

TEST_CASE_FIXTURE(UploadsFixture, "uploads: how many wait, and for how long, is a metric") {
  const auto says = [this](const std::string& line) {
    return store.store().metrics().find("\n" + line + "\n") != std::string::npos;
  };
  const UploadInfo receiving = start("/receiving", 10);
  clock.advance(3600 * std::int64_t{1'000'000'000});
  const UploadInfo held = start("/held", 3);
  append(held.id, "abc", 3);
  REQUIRE(space.finish_upload(held.id, {.hold = true}).ok());
  REQUIRE(store.store().collect().ok());
  CHECK(says("spind_uploads_waiting{state=\"receiving\"} 1"));
  CHECK(says("spind_uploads_waiting{state=\"held\"} 1"));
  CHECK(says("spind_uploads_waiting_seconds 3600"));
  REQUIRE(space.abort_upload(receiving.id).ok());
  REQUIRE(space.release_upload(held.id).ok());
  REQUIRE(store.store().collect().ok());
  CHECK(says("spind_uploads_waiting{state=\"receiving\"} 0"));
  CHECK(says("spind_uploads_waiting{state=\"held\"} 0"));
  CHECK(says("spind_uploads_waiting_seconds 0"));
}

}  // namespace
}  // namespace spind::test
