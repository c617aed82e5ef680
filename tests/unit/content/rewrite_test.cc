// What is left of packs that are mostly dead moves to others, while readers read it, and through
// crashes and failures at any point.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/codec.h"
#include "base/limits.h"
#include "content/frames.h"
#include "unit/content/place.h"

namespace spind {
namespace {

using test::FileCall;
using test::kMiB;
using test::owner_of;
using test::Place;
using test::random_text;

constexpr std::size_t kPieceBytes = 60'000;
constexpr int kPieces = 80;

// A pack of 4.8 MB, of which a tenth is in use.
class Sparse {
 public:
  explicit Sparse(int live_of_ten = 1) : random_(test::seed()) {
    for (int i = 0; i < kPieces; ++i) {
      const std::string text = random_text(random_, kPieceBytes + std::size_t(i));
      all_.emplace_back(place.put_and_commit(owner_of(1), text), text);
    }
    place.reopen();  // the pack rests
    REQUIRE(place.packs().size() == 1);
    old_pack = place.packs().at(0);
    for (int i = 0; i < kPieces; ++i)
      if (i % 10 < live_of_ten)
        live.push_back(all_[std::size_t(i)]);
      else
        place.forget(owner_of(1), all_[std::size_t(i)].first);
  }

  bool all_readable() {
    return std::all_of(live.begin(), live.end(), [&](const auto& item) {
      const auto read = place.read(owner_of(1), item.first);
      return read.ok() && *read == item.second;
    });
  }
  CollectReport collect() {
    return place.content->collect({.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0})
        .value();
  }
  bool old_pack_there() {
    const auto packs = place.packs();
    return std::find(packs.begin(), packs.end(), old_pack) != packs.end();
  }
  bool all_well() {
    std::size_t bad = 0;
    const auto visit = [&](const content::Content::PieceState& piece) -> Status {
      bad += piece.bytes.ok() && piece.live ? 0 : 1;
      return {};
    };
    REQUIRE(place.content->visit_pieces(*place.store->durable(), true, visit).ok());
    return bad == 0;
  }

  Place place;
  std::string old_pack;
  std::vector<std::pair<content::Stored, std::string>> live;

 private:
  std::mt19937_64 random_;
  std::vector<std::pair<content::Stored, std::string>> all_;
};

TEST_CASE("rewrite: what is left of a pack that is mostly dead moves, and the pack goes") {
  Sparse sparse;
  CollectReport report = sparse.collect();
  CHECK(report.removed == kPieces - sparse.live.size());
  CHECK(report.packs_rewritten == 1);
  CHECK(report.pieces_moved == sparse.live.size());
  CHECK(report.moved_bytes > sparse.live.size() * kPieceBytes);
  CHECK(sparse.all_readable());
  CHECK(sparse.old_pack_there());
  report = sparse.collect();
  CHECK(report.packs_rewritten == 0);
  CHECK_FALSE(sparse.old_pack_there());
  CHECK(sparse.place.packs().size() == 1);
  CHECK(sparse.place.pack_bytes() < sparse.live.size() * (kPieceBytes + 1'000));
  CHECK(sparse.all_readable());
  CHECK(sparse.all_well());
  const CollectReport idle = sparse.collect();
  CHECK(idle.removed + idle.kept + idle.packs_rewritten == 0);
  // And the new pack takes what comes.
  const content::Stored more = sparse.place.put_and_commit(owner_of(1), std::string(50'000, 'x'));
  CHECK(sparse.place.packs().size() == 1);
  CHECK(sparse.place.read(owner_of(1), more).ok());
}

// Compressed they are so short that a pack holds more of them than are moved in one go.
TEST_CASE("rewrite: thousands of small pieces move, not all of them held in memory at once") {
  constexpr int kSmallPieces = 2'500;
  Place place;
  std::mt19937_64 random(test::seed());
  std::vector<content::Stored> large, small;
  for (int i = 0; i < kSmallPieces; ++i) {
    const std::string text = std::to_string(i) + std::string(17'000, 'x');
    small.push_back(place.put_and_commit(owner_of(1), text));
    if (i % 500 == 0) large.push_back(place.put_and_commit(owner_of(1), random_text(random, kMiB)));
  }
  place.reopen();
  REQUIRE(place.packs().size() == 1);
  for (const content::Stored& stored : large) place.forget(owner_of(1), stored);
  const CollectOptions options{.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0};
  const CollectReport report = place.content->collect(options).value();
  CHECK(report.packs_rewritten == 1);
  CHECK(report.pieces_moved == kSmallPieces);
  place.content->collect(options).value();
  CHECK(place.pack_bytes() < kMiB);
  for (int i = 0; i < kSmallPieces; i += 100)
    CHECK(place.read(owner_of(1), small[std::size_t(i)]).value() ==
          std::to_string(i) + std::string(17'000, 'x'));
}

TEST_CASE("rewrite: a pack of which enough is alive stays, and so does any if none is wanted") {
  Sparse sparse(6);
  CHECK(sparse.collect().packs_rewritten == 0);
  CHECK(sparse.all_readable());
  Sparse other;
  const CollectOptions none{.grace = std::chrono::seconds(0), .rewrite_below_percent = 0};
  CHECK(other.place.content->collect(none).value().packs_rewritten == 0);
  CHECK(other.all_readable());
}

TEST_CASE("rewrite: readers read on at the old place as long as they like") {
  Sparse sparse;
  std::vector<std::unique_ptr<content::Source>> sources;
  for (const auto& item : sparse.live)
    sources.push_back(sparse.place.try_source(owner_of(1), item.first).value());
  // What is dead is pinned by them as well; so it must have been removed before.
  sources.clear();
  CHECK(
      sparse.place.content->collect({.grace = std::chrono::seconds(0), .rewrite_below_percent = 0})
          .ok());
  for (const auto& item : sparse.live)
    sources.push_back(sparse.place.try_source(owner_of(1), item.first).value());
  CHECK(sparse.collect().packs_rewritten == 1);
  for (int round = 0; round < 2; ++round) {
    CHECK(sparse.collect().kept >= sparse.live.size());
    CHECK(sparse.old_pack_there());
    for (std::size_t i = 0; i < sources.size(); ++i) {
      std::vector<std::uint8_t> out(sparse.live[i].second.size());
      REQUIRE(sources[i]->read_at(0, out).value() == out.size());
      CHECK(as_text(out) == sparse.live[i].second);
    }
    CHECK(sparse.all_readable());
  }
  sources.clear();
  sparse.collect();
  CHECK_FALSE(sparse.old_pack_there());
  CHECK(sparse.all_readable());
}

TEST_CASE(
    "rewrite: a crash at any point costs nothing that is in use, and the rest is gone in the end") {
  for (int calls_before = 0;; ++calls_before) {
    CAPTURE(calls_before);
    Sparse sparse;
    int calls = 0;
    sparse.place.files.set([&](FileCall, const std::string&) -> std::optional<Error> {
      if (calls++ < calls_before) return std::nullopt;
      return Error{Code::io_error, "the power is gone"};
    });
    (void)sparse.place.content->collect(
        {.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0});
    const bool whole = calls <= calls_before;
    sparse.place.files.set(nullptr);
    sparse.place.crash_and_open();
    CHECK(sparse.all_readable());
    for (int i = 0; i < 3; ++i) sparse.collect();
    CHECK(sparse.all_readable());
    CHECK(sparse.all_well());
    CHECK_FALSE(sparse.old_pack_there());
    CHECK(sparse.place.pack_bytes() < sparse.live.size() * (kPieceBytes + 1'000));
    if (whole) break;
    // Most calls give back the bytes of one dead piece.
    calls_before += calls_before < 120 ? 29 : static_cast<int>(test::scaled(4, 0, 0));
  }
}

TEST_CASE("rewrite: where the device or the metadata has no room, all stays where it is") {
  Sparse sparse;
  sparse.place.files.set([](FileCall call, const std::string&) -> std::optional<Error> {
    if (call == FileCall::append) return Error{Code::no_space, "device full"};
    return std::nullopt;
  });
  const CollectReport report = sparse.collect();
  CHECK(report.pieces_moved == 0);
  CHECK(sparse.all_readable());
  // Now the bytes have room, and their rows have not.
  sparse.place.files.set([&](FileCall call, const std::string&) -> std::optional<Error> {
    if (call == FileCall::append) sparse.place.kv_full = true;
    return std::nullopt;
  });
  (void)sparse.place.content->collect({.grace = std::chrono::seconds(0)});
  CHECK(sparse.place.kv_full);
  CHECK(sparse.all_readable());
  sparse.place.kv_full = false;
  sparse.place.files.set(nullptr);
  for (int i = 0; i < 2; ++i) sparse.collect();
  CHECK_FALSE(sparse.old_pack_there());
  CHECK(sparse.all_readable());
}

TEST_CASE("rewrite: a piece that was removed while it moved stays removed") {
  Sparse sparse;
  const model::PieceId piece = sparse.live.front().first.pieces[0].id;
  const model::VaultId vault = model::vault_of("school");
  bool removed = false;
  sparse.place.files.set([&](FileCall call, const std::string&) -> std::optional<Error> {
    if (call != FileCall::append || removed) return std::nullopt;
    removed = true;
    const kv::Answer answer = sparse.place.store->update(
        {model::bucket_of(vault, piece)}, [&](kv::Transaction& rows) -> kv::Outcome {
          rows.erase(kv::Family::content, model::piece_key(vault, piece));
          return kv::Commit{};
        });
    REQUIRE(sparse.place.store->wait(answer.ticket).ok());
    return std::nullopt;
  });
  CHECK(sparse.collect().pieces_moved == sparse.live.size() - 1);
  CHECK(removed);
  sparse.place.files.set(nullptr);
  const auto row =
      sparse.place.store->durable()->get(kv::Family::content, model::piece_key(vault, piece));
  CHECK_FALSE(row.value().has_value());
  sparse.live.erase(sparse.live.begin());
  CHECK(sparse.all_readable());
}

TEST_CASE("rewrite: a damaged piece stays where it is, and is told") {
  Sparse sparse;
  const std::string path = sparse.place.pack_folder + '/' + sparse.old_pack;
  {
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    std::fseek(file, 5'000, SEEK_SET);
    const int byte = std::fgetc(file);
    std::fseek(file, 5'000, SEEK_SET);
    std::fputc(byte ^ 1, file);
    std::fclose(file);
  }
  for (int i = 0; i < 3; ++i) sparse.collect();
  CHECK(sparse.old_pack_there());
  CHECK(sparse.place.read(owner_of(1), sparse.live[0].first).code() == Code::corruption);
  sparse.live.erase(sparse.live.begin());
  CHECK(sparse.all_readable());
}

TEST_CASE("rewrite: content that looks like a later format, behind damage, stops no collection") {
  Place place;
  std::mt19937_64 random(test::seed());
  std::vector<content::Stored> gone;
  for (int i = 0; i < 4; ++i)
    gone.push_back(place.put_and_commit(owner_of(1), random_text(random, kMiB)));
  std::string text = random_text(random, kPieceBytes);
  std::string header(text.begin(), text.begin() + content::kFrameHeaderBytes);
  content::encode_frame_header({.size_bytes = 1, .stored_bytes = 1, .piece_bytes = 1},
                               reinterpret_cast<std::uint8_t*>(header.data()));
  header[4] = 9;  // the format
  header.resize(header.size() - 4);
  seal(header);
  text.replace(10'000, header.size(), header);
  const content::Stored damaged = place.put_and_commit(owner_of(1), text);
  const content::Stored sound = place.put_and_commit(owner_of(1), random_text(random, kPieceBytes));
  place.reopen();
  const std::string path = place.pack_folder + '/' + place.packs().at(0);
  std::ostringstream bytes;
  bytes << std::ifstream(path).rdbuf();
  const std::size_t at = bytes.str().find(text.substr(0, 100));
  REQUIRE(at != std::string::npos);
  std::fstream(path, std::ios::in | std::ios::out).seekp(std::streamoff(at) - 10) << "broken";
  for (const content::Stored& stored : gone) place.forget(owner_of(1), stored);
  const CollectOptions options{.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0};
  CHECK(place.content->collect(options).value().packs_rewritten == 1);
  CHECK(place.read(owner_of(1), sound).ok());
  CHECK(place.read(owner_of(1), damaged).code() == Code::corruption);
}

// Live are 2.4 MB, of which two megabytes are moved at once.
std::uint64_t steps_to_move(std::uint64_t rate_bytes) {
  Sparse sparse(5);
  CollectOptions options{.grace = std::chrono::seconds(0), .rewrite_below_percent = 0};
  sparse.place.content->collect(options).value();  // so that all else is done
  options.rewrite_below_percent = 60;
  options.rewrite_rate_bytes = rate_bytes;
  std::uint64_t steps = 0;
  options.progress = [&](const Progress&) {
    ++steps;
    sparse.place.clock.advance(250'000'000);
    return true;
  };
  CHECK(sparse.place.content->collect(options).value().pieces_moved == sparse.live.size());
  CHECK(sparse.all_readable());
  return steps;
}

TEST_CASE("rewrite: goes no faster than its rate") {
  // Two megabytes at half a megabyte a second, of which the time of one second may have passed.
  CHECK(steps_to_move(500'000) >= steps_to_move(0) + 3 * 4);
}

TEST_CASE("rewrite: can be cancelled") {
  Sparse sparse(3);
  CollectOptions options{.grace = std::chrono::seconds(0)};
  options.progress = [](const Progress&) { return false; };
  CHECK(sparse.place.content->collect(options).code() == Code::cancelled);
  CHECK(sparse.all_readable());
}

}  // namespace
}  // namespace spind
