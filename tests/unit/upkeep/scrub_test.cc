// All stored bytes are read and verified, slowly if wanted, from where an earlier scrub ended.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/store/test_clock.h"
#include "unit/upkeep/planted.h"

namespace spind::test {
namespace {

using kv::Family;
namespace fs = std::filesystem;

constexpr std::int64_t kSecond_ns = 1'000'000'000;

Kinds kinds_of(const ScrubReport& report) {
  Kinds kinds;
  for (const CheckFinding& finding : report.findings) kinds.insert(finding.kind);
  return kinds;
}

std::string metric(const Store& store, const std::string& name) {
  const std::string text = store.metrics();
  const std::size_t at = text.find("\n" + name + " ");
  REQUIRE(at != std::string::npos);
  const std::size_t value = at + name.size() + 2;
  return text.substr(value, text.find('\n', value) - value);
}

// The only file below the folder that is so long.
std::string file_of(const std::string& folder, std::uint64_t size_bytes_min) {
  std::string found;
  for (const auto& item : fs::recursive_directory_iterator(folder))
    if (item.is_regular_file() && item.file_size() >= size_bytes_min) {
      CHECK(found.empty());
      found = item.path();
    }
  REQUIRE_FALSE(found.empty());
  return found;
}

void flip(const std::string& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

TEST_CASE("scrub: reads every stored byte of a healthy store, and again when it is done") {
  Planted planted;
  REQUIRE(planted.space().put("/large", content(2, 9'000'000)).ok());
  Store& store = planted.store().store();
  CHECK(metric(store, "spind_scrub_completed_timestamp_seconds") == "0");
  for (int round = 0; round < 2; ++round) {
    const ScrubReport report = store.scrub().value();
    CHECK_FALSE(report.resumed);
    CHECK(report.pieces == 3);
    CHECK(report.attachments == 6);  // three of the essay, two small files, a manifest
    CHECK(report.bytes >= 9'040'000);
    CHECK(report.findings_total == 0);
    CHECK(report.findings_before == 0);
  }
  CHECK(std::stoull(metric(store, "spind_scrub_bytes_total")) >= 2 * 9'040'000);
  CHECK(metric(store, "spind_scrub_findings_total") == "0");
  CHECK(metric(store, "spind_scrub_completed_timestamp_seconds") != "0");
  CHECK(planted.store().findings(true) == "");
}

TEST_CASE("scrub: names every version that damaged bytes belong to, and no other") {
  TestStore store(MetadataEngine::rocksdb);
  const Space space = store.make_space("one"), other = store.make_space("two");
  const std::string packed = content(1, 40'000), large = content(2, 3'000'000);
  REQUIRE(space.put("/packed", packed).ok());
  REQUIRE(space.put("/packed", "small now").ok());
  REQUIRE(space.put("/large", large).ok());
  REQUIRE(other.put("/same", large).ok());
  REQUIRE(space.put("/good", content(3, 50'000)).ok());
  const NodeId first = space.stat("/packed").value().id, second = space.stat("/large").value().id,
               third = other.stat("/same").value().id;
  flip(file_of(store.folder() + "/packs", 1), 20'000);
  flip(file_of(store.folder() + "/objects", 3'000'000), 2'000'000);
  // Who reads is told of the file, its version and the piece.
  const Error of_packed = space.get("/packed", {.version = 1}).error();
  CHECK(of_packed.code == Code::corruption);
  CHECK(of_packed.path == "/packed");
  CHECK(of_packed.text.find(": version 1: piece ") != std::string::npos);
  std::vector<std::uint8_t> out(large.size());
  const Error of_large = other.reader("/same").value().read_at(0, out).error();
  CHECK(of_large.path == "/same");
  CHECK(of_large.text.find(": version 1: piece ") != std::string::npos);
  std::set<std::pair<SpaceId, NodeId>> told;
  ScrubOptions options;
  options.found = [&](const CheckFinding& finding) {
    CHECK(finding.kind == "corrupt_piece");
    CHECK(finding.text.starts_with("version 1: piece "));
    told.emplace(finding.space, finding.node);
  };
  const ScrubReport report = store.store().scrub(options).value();
  CHECK(report.findings_total == 3);
  CHECK(told == decltype(told){{space.id(), first}, {space.id(), second}, {other.id(), third}});
  CHECK(metric(store.store(), "spind_scrub_findings_total") == "3");
}

TEST_CASE("scrub: finds pieces that are missing, broken, or that no version refers to any more") {
  Planted planted;
  Store& store = planted.store().store();
  planted.put(Family::content, model::piece_key(planted.vault(), planted.piece()), "broken");
  ScrubReport report = store.scrub().value();
  CHECK(kinds_of(report) == Kinds{"corrupt_piece"});
  CHECK(report.findings.at(0).node == planted.space().stat("/pack").value().id);
  const model::PieceRow nowhere{{model::BlobPlace::Kind::object, 999, 0}, 40'000, 40'096};
  planted.put(Family::content, model::piece_key(planted.vault(), planted.piece()),
              model::encode(nowhere));
  CHECK(kinds_of(store.scrub().value()) == Kinds{"missing_piece"});
  planted.put(Family::content, model::piece_key(planted.vault(), model::PieceId{}),
              model::encode(nowhere));
  report = store.scrub().value();
  CHECK(report.findings_total == 2);
  CHECK(report.findings.at(1).space == SpaceId{});
  CHECK(report.findings.at(1).text.ends_with("no version refers to it"));
}

TEST_CASE("scrub: finds broken inline content and manifests, of versions, uploads and nobody") {
  Planted planted;
  Store& store = planted.store().store();
  const EntryNumber large = planted.space().put("/large", content(2, 9'000'000)).value().entry;
  const EntryNumber upload = planted.space().start_upload("/film", 3).value().id;
  REQUIRE(planted.space().append_upload(upload, 0, "abc").ok());
  const EntryNumber appended = planted.space().info().value().entry;
  planted.put(Family::attachment, model::attachment_key(planted.id(), {planted.notes_entry, 0}),
              "broken");
  planted.put(Family::attachment, model::attachment_key(planted.id(), {large, 0}), "broken");
  planted.put(Family::attachment, model::attachment_key(planted.id(), {appended, 0}), "broken");
  planted.put(Family::attachment, model::attachment_key(planted.id(), {appended, 9}), "broken");
  const ScrubReport report = store.scrub().value();
  CHECK(report.findings_total == 4);
  CHECK(kinds_of(report) == Kinds{"inline_content", "manifest", "attachment"});
  std::set<NodeId> nodes;
  for (const CheckFinding& finding : report.findings) {
    CHECK(finding.space == planted.id());
    if (finding.kind == "inline_content") nodes.insert(finding.node);
  }
  CHECK(nodes == std::set<NodeId>{0, planted.notes});
}

TEST_CASE("scrub: reads no faster than its rate") {
  TestClock clock;
  Planted planted(seams_with(clock));
  for (std::uint64_t i = 0; i < 20; ++i)
    REQUIRE(planted.space().put("/f" + std::to_string(i), content(i + 10, 50'000)).ok());
  ScrubOptions options{.rate_bytes = 100'000};
  std::uint64_t done = 0;
  const std::int64_t begin_ns = clock.monotonic_ns();
  options.progress = [&](const Progress& progress) {
    const double seconds = double(clock.monotonic_ns() - begin_ns) / 1e9;
    // A piece may come at once, and is paid for before the next.
    CHECK(double(progress.done) <= seconds * 100'000 + 2 * 50'100);
    done = progress.done;
    clock.advance(kSecond_ns / 4);
    return true;
  };
  CHECK(planted.store().store().scrub(options).value().bytes >= done);
  CHECK(done >= 1'000'000);
  CHECK(clock.monotonic_ns() - begin_ns >= 9 * kSecond_ns);
}

TEST_CASE("scrub: goes on where it was cancelled, after a restart too, unless told to begin anew") {
  TestStore store(MetadataEngine::rocksdb);
  const Space space = store.make_space("one");
  for (std::uint64_t i = 0; i < 10; ++i)
    REQUIRE(space.put("/f" + std::to_string(i), content(i + 10, 50'000)).ok());
  REQUIRE(space.put("/small", "small").ok());
  const auto cancelled_after = [&](std::uint64_t bytes, bool restart) {
    ScrubOptions options{.restart = restart};
    options.progress = [&](const Progress& progress) { return progress.done < bytes; };
    CHECK(store.store().scrub(options).code() == Code::cancelled);
  };
  cancelled_after(200'000, false);
  store.reopen();
  ScrubReport report;
  SUBCASE("on") {
    report = store.store().scrub().value();
    CHECK(report.resumed);
    CHECK(report.pieces == 6);
  }
  SUBCASE("on twice") {
    cancelled_after(100'000, false);
    report = store.store().scrub().value();
    CHECK(report.resumed);
    CHECK(report.pieces == 4);
  }
  SUBCASE("anew") {
    report = store.store().scrub({.restart = true}).value();
    CHECK_FALSE(report.resumed);
    CHECK(report.pieces == 10);
  }
  CHECK(report.attachments == 1);
  CHECK_FALSE(store.store().scrub().value().resumed);
  CHECK(store.findings(true) == "");
}

TEST_CASE("scrub: what was found and not yet told is found again after an interruption") {
  Planted planted;
  Store& store = planted.store().store();
  planted.put(Family::content, model::piece_key(planted.vault(), planted.piece()), "broken");
  ScrubOptions options;
  std::uint64_t steps = 0;
  options.progress = [&](const Progress&) { return ++steps < 3; };  // it has read the piece
  CHECK(store.scrub(options).code() == Code::cancelled);
  const ScrubReport report = store.scrub().value();
  CHECK(report.findings_before == 0);
  CHECK(kinds_of(report) == Kinds{"corrupt_piece"});
}

TEST_CASE("scrub: a later part of a round says how much the earlier parts found") {
  TestClock clock;
  Planted planted(seams_with(clock));
  Store& store = planted.store().store();
  planted.put(Family::content, model::piece_key(planted.vault(), planted.piece()), "broken");
  ScrubOptions options;
  options.progress = [&](const Progress&) {
    clock.advance(61 * kSecond_ns);  // so that the position is written after each step
    const auto row = planted.rows().durable()->get(Family::content, model::scrub_key()).value();
    return !row || model::decode_scrub(*row).value().findings == 0;
  };
  CHECK(store.scrub(options).code() == Code::cancelled);
  const ScrubReport report = store.scrub().value();
  CHECK(report.resumed);
  CHECK(report.findings_before == 1);
  CHECK(report.findings_total == 0);
}

TEST_CASE("scrub: a broken note of its position costs only that") {
  Planted planted;
  planted.put(Family::content, model::scrub_key(), "broken");
  const ScrubReport report = planted.store().store().scrub().value();
  CHECK_FALSE(report.resumed);
  CHECK(report.pieces == 1);
}

TEST_CASE("scrub: one that waits for its rate ends when the store closes") {
  TestStore store(MetadataEngine::memory);
  REQUIRE(store.make_space("one").put("/f", content(1, 500'000)).ok());
  std::atomic<bool> waiting = false;
  Code code = Code::ok;
  {
    const std::jthread scrubbing([&] {
      ScrubOptions options{.rate_bytes = 1};
      options.progress = [&](const Progress& progress) {
        if (progress.done > 0) waiting = true;
        return true;
      };
      code = store.store().scrub(options).code();
    });
    while (!waiting) std::this_thread::yield();
    REQUIRE(store.store().close().ok());
  }
  CHECK(code == Code::cancelled);
}

TEST_CASE("scrub: a thread of the store does it once in its period, and tells the log") {
  std::atomic<int> lines = 0;
  StoreOptions options;
  options.scrub_rate_bytes = 1 << 30;
  options.scrub_period = std::chrono::milliseconds(10);
  options.log = [&](LogLevel level, std::string_view line) {
    if (level == LogLevel::error && line.starts_with("scrub: corrupt_piece in space ")) ++lines;
  };
  TestStore store(MetadataEngine::rocksdb, {}, options);
  const Space space = store.make_space("one");
  REQUIRE(space.put("/packed", content(1, 40'000)).ok());
  flip(file_of(store.folder() + "/packs", 1), 20'000);
  while (lines < 2) std::this_thread::yield();
  store.close();
  options.scrub_period = std::chrono::milliseconds(0);
  CHECK(Store::open(store.folder(), options).code() == Code::invalid_argument);
}

}  // namespace
}  // namespace spind::test
