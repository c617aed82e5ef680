// Copies from one vault to another: between two tenants, and of spaces that have vaults of their
// own.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/limits.h"
#include "spind/blob_places.h"
#include "support/store/content.h"
#include "support/store/feed.h"
#include "support/store/open_door.h"
#include "support/store/sample.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSmall = 70'000, kLarge = (1 << 20) + 500'000, kManyPieces = (8 << 20) + 1;
// Of a few bytes in a row, of none, in a pack, as an object, as two.
constexpr std::uint64_t kCarriedSizes[] = {300, 0, kSmall, kLarge, kManyPieces};
constexpr std::uint64_t kPiecesCarried = 4;

StoreOptions crossing_options(KeyProviderPtr keys) {
  StoreOptions options;
  options.keys = std::move(keys);
  options.upkeep_period = {};
  return options;
}

struct Crossing {
  explicit Crossing(const KeyProviderPtr& keys = open_door(),
                    MetadataEngine engine = MetadataEngine::memory)
      : Crossing(crossing_options(keys), engine) {}
  explicit Crossing(StoreOptions options, MetadataEngine engine = MetadataEngine::memory)
      : store(engine, {}, std::move(options)) {
    from = store.make_space("from");
    to = make_apart("to");
  }

  Space make_apart(const std::string& alias, PieceRule pieces = PieceRule::fixed) {
    SpaceOptions options{.alias = alias};
    options.vault = VaultRule::own;
    options.pieces = pieces;
    return store.session().create_space(options).value();
  }
  Space make_foreign() {
    return store.store().session({.user = "eve", .tenant = "other"})->create_space({}).value();
  }
  void fill(const std::string& folder) {
    for (const std::uint64_t size_bytes : kCarriedSizes)
      put(folder + "/sub/" + std::to_string(size_bytes), size_bytes);
    put(folder + "/again", kSmall);
    REQUIRE(from->make_folder(folder + "/empty").ok());
  }
  void put(const std::string& path, std::uint64_t size_bytes) {
    PutOptions options{.mtime_ns = 7, .checksums_wanted = kMd5, .make_parents = true};
    REQUIRE(from->put(path, "an earlier version", options).ok());
    REQUIRE(from->put(path, content(size_bytes, size_bytes), options).ok());
  }
  std::uint64_t pieces() { return store.store().check()->pieces; }
  void collect(int rounds = 3) {
    for (int i = 0; i < rounds; ++i)
      REQUIRE(store.store().collect({.grace = std::chrono::seconds(0)}).ok());
  }
  // Nothing of a copy that ended early is there.
  void check_nothing_left(std::uint64_t pieces_before) {
    CHECK(to->stat("/to").code() == Code::not_found);
    CHECK(store.findings() == "");
    collect();
    CHECK(pieces() == pieces_before);
    CHECK(store.findings(true) == "");
  }

  TestStore store;
  std::optional<Space> from, to;
};

// What fill put, where it was copied to.
void check_copied(const Space& space, const std::string& folder) {
  const auto check_file = [&](const std::string& path, std::uint64_t size_bytes) {
    CAPTURE(path);
    const std::string bytes = content(size_bytes, size_bytes);
    CHECK(space.get(path).value() == bytes);
    const NodeInfo info = space.stat(path).value();
    CHECK(info.version == 1);
    CHECK(info.mtime_ns == 7);
    CHECK(info.sha256 == sha256_of(bytes));
    CHECK(info.checksums.md5.has_value());
  };
  for (const std::uint64_t size_bytes : kCarriedSizes)
    check_file(folder + "/sub/" + std::to_string(size_bytes), size_bytes);
  check_file(folder + "/again", kSmall);
  CHECK(space.stat(folder + "/empty").ok());
}

// The files of the store's folder that hold pieces, to be damaged while it is closed.
std::vector<fs::path> stored_files(const TestStore& store) {
  std::vector<fs::path> files;
  for (const char* folder : {"packs", "objects"})
    if (fs::exists(fs::path(store.folder()) / folder))
      for (const auto& entry : fs::recursive_directory_iterator(fs::path(store.folder()) / folder))
        if (entry.is_regular_file() && entry.file_size() > kSmall) files.push_back(entry.path());
  return files;
}

void damage_middle(const fs::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(fs::file_size(file) / 2));
  stream.put('?').put('!').put('?');
}

}  // namespace

TEST_CASE("vault copy: a folder comes whole, by one change, as it was, between any two vaults") {
  for (const MetadataEngine engine : engines()) {
    for (const KeyProviderPtr& keys : {KeyProviderPtr(), open_door()}) {
      CAPTURE(std::string(engine_name(engine)));
      CAPTURE(keys != nullptr);
      Crossing crossing(keys, engine);
      crossing.fill("/from");
      const std::uint64_t pieces = crossing.pieces();
      for (const Space& to : {*crossing.to, crossing.make_foreign()}) {
        std::string cursor = to.cursor_now().value();
        const Written copied = to.copy_from(*crossing.from, "/from", "/to").value();
        const FolderTotals totals = to.stat("/to")->totals;
        CHECK(totals.live_bytes == crossing.from->stat("/from")->totals.live_bytes);
        CHECK(totals.version_bytes == 0);
        CHECK(totals.files == std::size(kCarriedSizes) + 1);
        CHECK(to.stat("/to")->id == copied.node);
        CHECK(read_feed(to, cursor)->size() == 1);
        check_copied(to, "/to");
        const Written file = to.copy_from(*crossing.from, "/from/again", "/file").value();
        CHECK(file.size_bytes == kSmall);
        CHECK(to.get("/file").value() == content(kSmall, kSmall));
      }
      CHECK(crossing.pieces() == pieces + 2 * kPiecesCarried);
      crossing.store.reopen();
      check_copied(crossing.store.space("to"), "/to");
      CHECK(crossing.store.findings(true) == "");
    }
  }
}

TEST_CASE("vault copy: with blobs that lie elsewhere, and as little memory as there may be") {
  TemporaryFolder elsewhere;
  for (const bool far : {false, true}) {
    CAPTURE(far);
    StoreOptions options = crossing_options(open_door());
    options.memory_bytes = 16 << 20;
    if (far) options.blobs = folder_blobs(elsewhere / "blobs").value();
    Crossing crossing(std::move(options));
    crossing.fill("/from");
    for (std::uint64_t i = 0; i < 40; ++i)
      crossing.put("/from/many/" + std::to_string(i), kSmall + i % 20);
    REQUIRE(crossing.to->copy_from(*crossing.from, "/from", "/to").ok());
    check_copied(*crossing.to, "/to");
    for (std::uint64_t i = 0; i < 40; ++i)
      CHECK(crossing.to->get("/to/many/" + std::to_string(i)).value() ==
            content(kSmall + i % 20, kSmall + i % 20));
    CHECK(crossing.store.findings(true) == "");
  }
}

TEST_CASE("vault copy: what the other vault has already is shared, and it cuts by its own rule") {
  Crossing crossing;
  crossing.fill("/from");
  const Space cut = crossing.make_apart("cut", PieceRule::content);
  for (const Space& to : {*crossing.to, cut}) {
    for (const std::uint64_t size_bytes : kCarriedSizes)
      REQUIRE(to.put("/" + std::to_string(size_bytes), content(size_bytes, size_bytes)).ok());
    const std::uint64_t pieces = crossing.pieces();
    REQUIRE(to.copy_from(*crossing.from, "/from", "/to").ok());
    REQUIRE(to.copy_from(*crossing.from, "/from", "/again").ok());
    check_copied(to, "/to");
    check_copied(to, "/again");
    CHECK(crossing.pieces() == pieces);
  }
  // And back.
  const std::uint64_t pieces = crossing.pieces();
  REQUIRE(crossing.from->copy_from(cut, "/to", "/back").ok());
  check_copied(*crossing.from, "/back");
  CHECK(crossing.pieces() == pieces);
  CHECK(crossing.store.findings(true) == "");
}

TEST_CASE("vault copy: what came as a short piece is kept inline there") {
  Crossing crossing;
  const UploadInfo upload = crossing.from->start_upload("/short", 100).value();
  REQUIRE(crossing.from->append_upload(upload.id, 0, content(1, 50)).ok());
  REQUIRE(crossing.from->append_upload(upload.id, 50, content(1, 100).substr(50)).ok());
  REQUIRE(crossing.from->finish_upload(upload.id).ok());
  const std::uint64_t pieces = crossing.pieces();
  REQUIRE(crossing.to->copy_from(*crossing.from, "/short", "/to").ok());
  REQUIRE(crossing.to->copy_from(*crossing.from, "/", "/all").ok());
  CHECK(crossing.pieces() == pieces);
  CHECK(crossing.to->get("/to").value() == content(1, 100));
  CHECK(crossing.to->get("/all/short").value() == content(1, 100));
  CHECK(crossing.store.findings(true) == "");
}

TEST_CASE("vault copy: stays when the vault that it came from is destroyed") {
  Crossing crossing;
  crossing.fill("/from");
  REQUIRE(crossing.to->copy_from(*crossing.from, "/from", "/to").ok());
  const std::string before = describe(*crossing.to).value();
  REQUIRE(crossing.store.store().destroy_vault("default").ok());
  CHECK(crossing.from->get("/from/again").code() == Code::key_unavailable);
  CHECK(crossing.to->copy_from(*crossing.from, "/from", "/more").code() == Code::key_unavailable);
  crossing.collect();
  CHECK(crossing.pieces() == kPiecesCarried);
  crossing.store.reopen();
  check_copied(crossing.store.space("to"), "/to");
  CHECK(describe(crossing.store.space("to")).value() == before);
  CHECK(crossing.store.findings(true) == "");
}

TEST_CASE("bad day: a vault that is destroyed under a copy ends it") {
  for (const bool source : {true, false}) {
    CAPTURE(source);
    Crossing crossing;
    crossing.fill("/from");
    const std::string before = describe(*crossing.from).value();
    CopyOptions options;
    options.progress = [&](const Progress& progress) {
      if (progress.done == 0) return true;
      if (source)
        REQUIRE(crossing.store.store().destroy_vault("default").ok());
      else
        REQUIRE(crossing.store.store().destroy_vault(crossing.to->id()).ok());
      return true;
    };
    CHECK(crossing.to->copy_from(*crossing.from, "/from", "/to", options).code() ==
          Code::key_unavailable);
    crossing.collect();
    if (source) {
      CHECK(crossing.to->stat("/to").code() == Code::not_found);
      CHECK(crossing.pieces() == 0);
    } else {
      CHECK(describe(*crossing.from).value() == before);
      CHECK(crossing.pieces() == kPiecesCarried);
    }
    CHECK(crossing.store.findings(true) == "");
  }
}

TEST_CASE("vault copy: is told in bytes, and cancelled in its middle leaves nothing") {
  Crossing crossing;
  crossing.fill("/from");
  const std::uint64_t pieces = crossing.pieces();
  const std::uint64_t total = crossing.from->stat("/from")->totals.live_bytes;
  std::uint64_t calls = 0, done = 0, end = UINT64_MAX;
  CancelToken cancel;
  bool by_token = false;
  CopyOptions options;
  options.cancel = cancel;
  options.progress = [&](const Progress& progress) {
    ++calls;
    CHECK(progress.total == total);
    CHECK(progress.done >= done);
    done = progress.done;
    CHECK(crossing.to->stat("/to").code() == Code::not_found);
    if (done >= end && by_token) cancel.cancel();
    return done < end || by_token;
  };
  for (const bool token : {false, true}) {
    by_token = token;
    end = token ? kManyPieces / 2 : 1;
    done = 0;
    CHECK(crossing.to->copy_from(*crossing.from, "/from", "/to", options).code() ==
          Code::cancelled);
    CHECK(done < total);
    crossing.check_nothing_left(pieces);
  }
  CHECK(crossing.to->info()->entry == 1);
  options.cancel.reset();
  end = UINT64_MAX;
  calls = done = 0;
  REQUIRE(crossing.to->copy_from(*crossing.from, "/from", "/to", options).ok());
  CHECK(done == total);
  CHECK(calls > std::size(kCarriedSizes));
  check_copied(*crossing.to, "/to");
}

TEST_CASE("vault copy: ends with its session's time, and when what it goes to is rewound") {
  Crossing crossing;
  REQUIRE(crossing.to->put("/there", "x").ok());
  crossing.fill("/from");
  const std::uint64_t pieces = crossing.pieces();
  SessionOptions who{.user = "ada"};
  who.timeout = std::chrono::seconds(2);
  const Session hurried = crossing.store.store().session(who).value();
  CopyOptions options;
  options.progress = [](const Progress&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2'010));
    return true;
  };
  CHECK(
      hurried.space(crossing.to->id())->copy_from(*crossing.from, "/from", "/to", options).code() ==
      Code::deadline_exceeded);
  crossing.check_nothing_left(pieces);
  const std::uint64_t total = crossing.from->stat("/from")->totals.live_bytes;
  options.progress = [&](const Progress& progress) {
    // With what is kept inline, which counts once it is staged.
    if (progress.done == total) REQUIRE(crossing.to->rewind({.entry = 1}).ok());
    return true;
  };
  CHECK(crossing.to->copy_from(*crossing.from, "/from", "/to", options).code() == Code::aborted);
  // What was staged belongs to the past that the rewind could be rewound to.
  REQUIRE(crossing.store.store()
              .collect({.grace = std::chrono::seconds(0), .forget = crossing.to->id()})
              .ok());
  crossing.check_nothing_left(pieces);
}

TEST_CASE("vault copy: rests on what was there when it began") {
  Crossing crossing;
  crossing.fill("/from");
  bool changed = false;
  CopyOptions options;
  options.progress = [&](const Progress&) {
    if (std::exchange(changed, true)) return true;
    REQUIRE(crossing.from->put("/from/again", "another").ok());
    REQUIRE(crossing.from->remove("/from").ok());
    REQUIRE(crossing.from->empty_trash().ok());
    REQUIRE(crossing.from->disable().ok());
    REQUIRE(crossing.from->purge().ok());
    REQUIRE(crossing.store.store()
                .collect({.grace = std::chrono::seconds(0), .forget = crossing.from->id()})
                .ok());
    crossing.collect();
    return true;
  };
  REQUIRE(crossing.to->copy_from(*crossing.from, "/from", "/to", options).ok());
  check_copied(*crossing.to, "/to");
  crossing.collect();
  CHECK(crossing.pieces() == kPiecesCarried);
  CHECK(crossing.store.findings(true) == "");
}

TEST_CASE("vault copy: comes out of the past") {
  Crossing crossing;
  crossing.fill("/from");
  const EntryNumber then = crossing.from->info()->entry;
  REQUIRE(crossing.from->put("/from/again", "noise").ok());
  REQUIRE(crossing.from->remove("/from/sub").ok());
  REQUIRE(crossing.from->empty_trash().ok());
  crossing.collect();
  const Space past = crossing.from->at({.entry = then}).value();
  REQUIRE(crossing.to->copy_from(past, "/from", "/to").ok());
  check_copied(*crossing.to, "/to");
  CHECK(crossing.store.findings(true) == "");
}

TEST_CASE("bad day: damaged content ends a copy to another vault, and its path is named") {
  for (const char* what : {"packs", "objects"}) {
    CAPTURE(std::string(what));
    Crossing crossing;
    const std::uint64_t size_bytes = what == std::string("packs") ? kSmall : kLarge;
    crossing.put("/from/sub/deep/damaged", size_bytes);
    crossing.put("/from/sub/sound", 300);
    crossing.store.close();
    const std::vector<fs::path> files = stored_files(crossing.store);
    REQUIRE(files.size() == 1);
    CHECK(files[0].string().find(what) != std::string::npos);
    damage_middle(files[0]);
    REQUIRE(crossing.store.open().ok());
    const Space from = crossing.store.space("from"), to = crossing.store.space("to");
    const std::string before = describe(to).value();
    const Result<Written> copied = to.copy_from(from, "/from", "/to");
    CHECK(copied.code() == Code::corruption);
    CHECK(copied.error().path == "/from/sub/deep/damaged");
    CHECK(to.copy_from(from, "/", "/to").error().path == "/from/sub/deep/damaged");
    CHECK(to.copy_from(from, "/from/sub/deep/damaged", "/to").error().path ==
          "/from/sub/deep/damaged");
    CHECK(describe(to).value() == before);
    CHECK(to.copy_from(from, "/from/sub/sound", "/to").ok());
    crossing.collect();
    CHECK(crossing.pieces() == 1);
  }
}

TEST_CASE(
    "vault copy: what would be refused is refused before bytes are read, or nothing happens") {
  Crossing crossing;
  crossing.fill("/from");
  REQUIRE(crossing.to->put("/there", "x").ok());
  const std::uint64_t pieces = crossing.pieces();
  std::uint64_t done = 0;
  CopyOptions options;
  options.progress = [&](const Progress& progress) {
    done = progress.done;
    return true;
  };
  for (const char* from : {"/from", "/from/again"}) {
    CAPTURE(std::string(from));
    options.on_conflict = OnConflict::fail;
    const auto copy = [&](const char* to) {
      return crossing.to->copy_from(*crossing.from, from, to, options);
    };
    CHECK(copy("/there").code() == Code::already_exists);
    CHECK(copy("/none/there").code() == Code::not_found);
    const NodeId there = crossing.to->stat("/there")->id;
    CHECK(done == 0);
    options.on_conflict = OnConflict::skip;
    const Written skipped = copy("/there").value();
    CHECK(skipped.entry == 0);
    CHECK(skipped.node == there);
    CHECK(crossing.pieces() == pieces);
    options.on_conflict = OnConflict::replace;
    REQUIRE(copy("/there").ok());
    CHECK(crossing.to->stat("/there")->id != there);
    options.on_conflict = OnConflict::keep_both;
    REQUIRE(copy("/there").ok());
    CHECK(crossing.to->stat("/there (2)").ok());
    REQUIRE(crossing.to->remove("/there (2)").ok());
    REQUIRE(crossing.to->remove("/there").ok());
    REQUIRE(crossing.to->put("/there", "x").ok());
    REQUIRE(crossing.to->empty_trash().ok());
    REQUIRE(crossing.store.store()
                .collect({.grace = std::chrono::seconds(0), .forget = crossing.to->id()})
                .ok());
    crossing.collect();
    done = 0;
  }
  const Session eve = crossing.store.store().session({.user = "eve"}).value();
  const Space of_eve = eve.create_space({}).value();
  CHECK(eve.space(crossing.to->id()).code() == Code::not_found);
  CHECK(of_eve.copy_from(*crossing.to, "/there", "/x").ok());
}

TEST_CASE("vault copy: a repeated request is answered as the first was") {
  Crossing crossing;
  crossing.fill("/from");
  for (const char* from : {"/from", "/from/again"}) {
    const CopyOptions options{.on_conflict = OnConflict::keep_both, .request_id = from};
    const Written first = crossing.to->copy_from(*crossing.from, from, "/to", options).value();
    const Written again = crossing.to->copy_from(*crossing.from, from, "/to", options).value();
    CHECK(again.repeated);
    CHECK(again.node == first.node);
    CHECK(again.entry == first.entry);
  }
}

TEST_CASE("vault copy: others read and write both spaces meanwhile") {
  Crossing crossing;
  crossing.fill("/from");
  std::uint64_t writes = 0;
  CopyOptions options;
  options.progress = [&](const Progress&) {
    const std::string path = "/" + std::to_string(++writes);
    CHECK(crossing.to->put(path, path).ok());
    CHECK(crossing.from->put(path, path).ok());
    return true;
  };
  REQUIRE(crossing.to->copy_from(*crossing.from, "/from", "/to", options).ok());
  CHECK(writes > 3);
  check_copied(*crossing.to, "/to");
  CHECK(crossing.to->get("/1").value() == "/1");
  CHECK(crossing.store.findings(true) == "");
}

}  // namespace spind::test
