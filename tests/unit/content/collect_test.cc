// What nothing refers to is found and removed, and nothing else.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/hash.h"
#include "base/limits.h"
#include "content/claims.h"
#include "content/frames.h"
#include "unit/content/place.h"

namespace spind {
namespace {

using test::kMiB;
using test::owner_of;
using test::Place;
using test::random_text;

constexpr std::int64_t kSecond_ns = 1'000'000'000;

TEST_CASE("collect: what is committed stays, what was dropped goes") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string kept_small = random_text(random, 30'000);
  const std::string kept_large = random_text(random, 3 * kMiB);
  const content::Stored small = place.put_and_commit(owner_of(1), kept_small);
  const content::Stored large = place.put_and_commit(owner_of(1), kept_large);
  place.put(owner_of(1), random_text(random, 40'000));  // dropped at once
  place.put(owner_of(1), random_text(random, 3 * kMiB));
  CHECK(place.blob_count() == 2);
  const CollectReport report = place.collect();
  CHECK(report.removed == 2);
  CHECK(report.bytes == content::stored_size(40'000) + content::stored_size(3 * kMiB));
  CHECK(report.kept == 0);
  CHECK(place.blob_count() == 1);
  CHECK(place.read(owner_of(1), small).value() == kept_small);
  CHECK(place.read(owner_of(1), large).value() == kept_large);
  const CollectReport again = place.collect();
  CHECK(again.removed == 0);
  CHECK(again.kept == 0);
}

TEST_CASE("collect: leaves alone what a live upload claims, until it is given up") {
  Place place;
  std::mt19937_64 random(test::seed());
  {
    const content::Stored stored = place.put(owner_of(1), random_text(random, 3 * kMiB));
    const CollectReport report = place.collect();
    CHECK(report.removed == 0);
    CHECK(report.kept == 1);
    CHECK(place.blob_count() == 1);
  }
  CHECK(place.collect().removed == 1);
  CHECK(place.blob_count() == 0);
}

TEST_CASE("collect: an upload that was idle for too long loses its claim and cannot commit") {
  Place place;
  std::mt19937_64 random(test::seed());
  const content::Stored stored = place.put(owner_of(1), random_text(random, 3 * kMiB));
  place.clock.advance(content::kClaimIdleNsMax + 1);
  CHECK(place.content->verify(stored).ok());  // nobody has taken it yet
  CHECK(place.collect().removed == 1);
  CHECK(place.content->verify(stored).code() == Code::aborted);
  CHECK(place.commit(owner_of(1), stored).code() == Code::aborted);
}

TEST_CASE("adopt: a space holds what another one stored, until it lets go of it") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 3 * kMiB);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const std::vector<model::PieceId> pieces = {stored.pieces[0].id};
  content::Stored adopted = place.content->adopt(owner_of(2), pieces).value();
  place.forget(owner_of(1), stored);
  // Claimed, then committed.
  CHECK(place.collect().removed == 0);
  adopted.pieces = stored.pieces;
  REQUIRE(place.commit(owner_of(2), adopted).ok());
  adopted.claim = nullptr;
  CHECK(place.collect().removed == 0);
  CHECK(place.read(owner_of(2), stored).value() == text);
  place.forget(owner_of(2), stored);
  CHECK(place.collect().removed == 1);
  CHECK(place.content->adopt(owner_of(2), pieces).code() == Code::aborted);
}

TEST_CASE("adopt: what nobody commits after all is let go of, also after a crash") {
  Place place;
  std::mt19937_64 random(test::seed());
  const content::Stored stored = place.put_and_commit(owner_of(1), random_text(random, 3 * kMiB));
  const std::vector<model::PieceId> pieces = {stored.pieces[0].id};
  for (const bool crash : {false, true}) {
    content::Stored adopted = place.content->adopt(owner_of(2), pieces).value();
    REQUIRE(place.store->wait(place.store->latest()).ok());
    adopted.claim = nullptr;
    if (crash) place.crash_and_open();
    CHECK(place.collect().removed == 0);
    const kv::SnapshotRef snapshot = place.store->durable();
    CHECK_FALSE(place.content->holds(*snapshot, owner_of(2), pieces[0]).value());
    CHECK(place.content->holds(*snapshot, owner_of(1), pieces[0]).value());
  }
}

TEST_CASE("collect: the grace time passes before anything goes, and a new upload revives a piece") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 3 * kMiB);
  place.put(owner_of(1), text);
  CHECK(place.collect(3600).kept == 1);
  place.clock.advance(1800 * kSecond_ns);
  CHECK(place.collect(3600).kept == 1);
  CHECK(place.blob_count() == 1);
  SUBCASE("it passes") {
    place.clock.advance(1801 * kSecond_ns);
    CHECK(place.collect(3600).removed == 1);
    CHECK(place.blob_count() == 0);
  }
  SUBCASE("the same bytes come again") {
    const content::Stored stored = place.put_and_commit(owner_of(2), text);
    CHECK(place.content->metrics().pieces_shared == 1);
    place.clock.advance(7200 * kSecond_ns);
    const CollectReport report = place.collect(3600);
    CHECK(report.removed == 0);
    CHECK(report.kept == 0);
    CHECK(place.read(owner_of(2), stored).value() == text);
  }
}

TEST_CASE("collect: broken rows of the vault keep no other piece waiting, and are told") {
  Place place;
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 8; ++i) place.put(owner_of(1), random_text(random, 2 * kMiB));
  REQUIRE(place.collect(3600).kept == 8);
  const model::VaultId vault = model::vault_of("school");
  // In the first bucket of all, so that the others come behind it.
  const model::PieceId first{};
  std::string broken;
  SUBCASE("of what is condemned") { broken = model::condemned_key(vault, first); }
  SUBCASE("of what is doomed") {
    broken = model::doomed_key(vault, 0, {model::BlobPlace::Kind::object, 7, 0});
  }
  const kv::Answer answer =
      place.store->update({model::bucket_of(vault, first)}, [&](kv::Transaction& rows) {
        rows.put(kv::Family::content, broken, "broken");
        return kv::Outcome(kv::Commit{});
      });
  REQUIRE(place.store->wait(answer.ticket).ok());
  CollectOptions options{.grace = std::chrono::seconds(0)};
  CHECK(place.content->collect(options).code() == Code::corruption);
  CHECK(place.blob_count() == 0);
}

TEST_CASE("collect: a wall clock that jumps makes nothing expire") {
  Place place;
  std::mt19937_64 random(test::seed());
  place.put(owner_of(1), random_text(random, 3 * kMiB));
  CHECK(place.collect(3600).kept == 1);
  constexpr std::int64_t kYears_ns = 73ll * 365 * 24 * 3600 * kSecond_ns;
  place.clock.jump(kYears_ns);
  CHECK(place.collect(3600).removed == 0);
  place.clock.jump(-kYears_ns);
  CHECK(place.collect(3600).removed == 0);
  place.clock.advance(3601 * kSecond_ns);
  CHECK(place.collect(3600).removed == 1);
}

TEST_CASE("collect: one holder of two going leaves the piece") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 3 * kMiB);
  const content::Stored first = place.put_and_commit(owner_of(1), text);
  const content::Stored second = place.put_and_commit(owner_of(2), text);
  place.collect();
  place.forget(owner_of(1), first);
  CHECK(place.collect().removed == 0);
  CHECK(place.read(owner_of(2), second).value() == text);
  CHECK(place.content->holds(*place.store->durable(), owner_of(2), second.pieces[0].id).value());
  CHECK_FALSE(
      place.content->holds(*place.store->durable(), owner_of(1), first.pieces[0].id).value());
  place.forget(owner_of(2), second);
  CHECK(place.collect().removed == 1);
  CHECK(place.blob_count() == 0);
}

TEST_CASE("collect: a reader's snapshot pins what it sees") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 3 * kMiB);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  auto source = place.try_source(owner_of(1), stored).value();
  place.forget(owner_of(1), stored);
  CHECK(place.collect().kept >= 1);
  CHECK(place.blob_count() == 1);
  std::vector<std::uint8_t> out(text.size());
  CHECK(source->read_at(0, out).value() == text.size());
  CHECK(as_text(out) == text);
  source.reset();
  CHECK(place.collect().removed == 1);
  CHECK(place.blob_count() == 0);
}

TEST_CASE("collect: bytes stored while the old ones are doomed are new ones") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 3 * kMiB);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  auto pin = place.try_source(owner_of(1), stored).value();
  place.forget(owner_of(1), stored);
  place.collect();  // doomed, and pinned
  const content::Stored anew = place.put_and_commit(owner_of(2), text);
  CHECK(place.blob_count() == 2);
  pin.reset();
  CHECK(place.collect().removed == 1);
  CHECK(place.blob_count() == 1);
  CHECK(place.read(owner_of(2), anew).value() == text);
}

TEST_CASE("collect: after a crash exactly what nothing refers to goes, from objects and packs") {
  Place place;
  std::mt19937_64 random(test::seed());
  std::vector<std::pair<content::Stored, std::string>> kept;
  for (int i = 0; i < 4; ++i) {
    const std::string text = random_text(random, i % 2 == 0 ? 30'000u + std::size_t(i) : 2 * kMiB);
    kept.emplace_back(place.put_and_commit(owner_of(1), text), text);
    place.put(owner_of(1), random_text(random, i % 2 == 0 ? 40'000 : 2 * kMiB));
  }
  place.crash_and_open();
  const CollectReport report = place.collect();
  CHECK(report.removed == 4);
  CHECK(report.kept == 0);
  CHECK(place.blob_count() == 2);
  for (const auto& item : kept) {
    CHECK(place.read(owner_of(1), item.first).value() == item.second);
  }
  CHECK(place.collect().removed == 0);
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::range)) == 0);
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_open)) == 0);
}

TEST_CASE("collect: bytes whose rows were lost in a power cut go, and no others") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 50'000);
  const content::Stored kept = place.put_and_commit(owner_of(1), text);
  // Stored, but never waited for: the rows are not durable.
  (void)place.put(owner_of(1), random_text(random, 2 * kMiB));
  (void)place.put(owner_of(1), random_text(random, 60'000));
  place.crash_and_open();
  const CollectReport report = place.collect();
  CHECK(report.removed == 2);
  CHECK(place.blob_count() == 0);
  CHECK(place.pack_bytes() == content::stored_size(text.size()));
  CHECK(place.read(owner_of(1), kept).value() == text);
  // And the pack goes on where it was cut.
  const std::string more = random_text(random, 70'000);
  const content::Stored next = place.put_and_commit(owner_of(1), more);
  CHECK(place.packs().size() == 1);
  CHECK(place.read(owner_of(1), next).value() == more);
}

TEST_CASE("collect: a torn tail behind a pack is cut") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 50'000);
  const content::Stored kept = place.put_and_commit(owner_of(1), text);
  place.crash();
  const std::string path = place.pack_folder + '/' + place.packs().at(0);
  for (const std::string& tail :
       {std::string("SPFR"), std::string(300, '\0'), random_text(random, 5'000)}) {
    auto file = Files::system().open(path, OpenMode::append).value();
    REQUIRE(file->append(as_bytes(tail)).ok());
  }
  place.open();
  place.collect();
  CHECK(place.pack_bytes() == content::stored_size(text.size()));
  CHECK(place.read(owner_of(1), kept).value() == text);
}

TEST_CASE("collect: a damaged header in a pack does not cost the pieces behind it") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string first = random_text(random, 50'000), second = random_text(random, 60'000);
  place.put_and_commit(owner_of(1), first);
  const content::Stored behind = place.put_and_commit(owner_of(1), second);
  place.crash();
  std::filesystem::path path = place.pack_folder + '/' + place.packs().at(0);
  {
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    std::fseek(file, 10, SEEK_SET);
    std::fputc(0xff, file);
    std::fclose(file);
  }
  place.open();
  place.collect();
  CHECK(place.read(owner_of(1), behind).value() == second);
}

TEST_CASE(
    "collect: a damaged header at the end of a pack that a crash left does not cost its piece") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string first = random_text(random, 50'000), second = random_text(random, 60'000);
  const std::uint64_t begin = content::stored_size(first.size());
  place.put_and_commit(owner_of(1), first);
  const content::Stored last = place.put_and_commit(owner_of(1), second);
  const auto flip = [&] {
    std::fstream file(place.pack_folder + '/' + place.packs().at(0),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(begin) + 10);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(begin) + 10);
    file.put(byte);
  };
  place.crash();
  flip();
  place.open();
  const std::string open_packs = model::ledger_prefix(model::LedgerRow::pack_open);
  for (int round = 0; round < 2; ++round) CHECK(place.collect().kept == 1);
  CHECK(place.rows(open_packs) == 1);
  CHECK(place.pack_bytes() == begin + content::stored_size(second.size()));
  flip();
  CHECK(place.read(owner_of(1), last).value() == second);
  CHECK(place.collect().kept == 0);
  CHECK(place.rows(open_packs) == 0);
  CHECK(place.read(owner_of(1), last).value() == second);
}

TEST_CASE("collect: a file that is full of what frames begin with costs no more than another") {
  Place place;
  std::mt19937_64 random(test::seed());
  std::string text;
  while (text.size() < 500'000) text += "SPFR";
  place.put_and_commit(owner_of(1), text);
  const std::string behind_text = random_text(random, 60'000);
  const content::Stored behind = place.put_and_commit(owner_of(1), behind_text);
  place.crash();
  const std::filesystem::path path = place.pack_folder + '/' + place.packs().at(0);
  {
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    std::fputc(0xff, file);
    std::fclose(file);
  }
  place.open();
  place.files.bytes_read = 0;
  place.collect();
  CHECK(place.files.bytes_read < 64u << 20);
  CHECK(place.read(owner_of(1), behind).value() == behind_text);
}

TEST_CASE("collect: a file whose content looks like a frame deceives nobody") {
  Place place;
  std::mt19937_64 random(test::seed());
  // A file that holds the stored form of another piece.
  content::PieceBuffer inner(20'000);
  const std::string inner_text = random_text(random, 20'000);
  inner.append(as_bytes(inner_text));
  inner.seal(model::vault_of("school"), sha256(as_bytes(inner_text)), nullptr);
  std::string text = random_text(random, 30'000);
  text.append(as_text(inner.stored()));
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  place.crash();
  {
    std::filesystem::path path = place.pack_folder + '/' + place.packs().at(0);
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    std::fputc(0xff, file);  // so that the walk has to look for the next header
    std::fclose(file);
  }
  const std::uint64_t before = place.pack_bytes();
  place.open();
  place.collect();
  CHECK(place.pack_bytes() <= before);
  CHECK(place.read(owner_of(1), stored).code() == Code::corruption);
}

TEST_CASE("collect: a pack of which nothing is left is removed") {
  Place place;
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 3; ++i) place.put(owner_of(1), random_text(random, 30'000));
  place.reopen();
  CHECK(place.packs().size() == 1);
  const CollectReport report = place.collect();
  CHECK(report.removed == 3);
  CHECK(place.packs().empty());
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_removed)) == 0);
}

TEST_CASE("collect: it can be cancelled, and goes on another time") {
  Place place;
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 5; ++i) place.put(owner_of(1), random_text(random, 2 * kMiB));
  std::uint64_t steps = 0;
  CollectOptions options{.grace = std::chrono::seconds(0)};
  options.progress = [&](const Progress& progress) {
    steps = progress.done;
    return steps < 3;
  };
  CHECK(place.content->collect(options).code() == Code::cancelled);
  CHECK(steps == 3);
  CancelToken token;
  token.cancel();
  options = {.grace = std::chrono::seconds(0)};
  options.cancel = token;
  CHECK(place.content->collect(options).code() == Code::cancelled);
  std::uint64_t removed = 0;
  for (int i = 0; i < 3; ++i) removed += place.collect().removed;
  CHECK(place.blob_count() == 0);
  CHECK(removed <= 5);
}

TEST_CASE("collect: blob numbers are never used twice, whatever ends the process") {
  Place place;
  std::mt19937_64 random(test::seed());
  std::set<std::string> seen;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 3; ++i) place.put_and_commit(owner_of(1), random_text(random, 2 * kMiB));
    std::size_t fresh = 0;
    const auto items = place.blobs.list("", "", 1'000);
    for (const BlobListItem& item : items.value()) fresh += seen.insert(item.name).second ? 1 : 0;
    CHECK(fresh == 3);
    if (round % 2 == 0)
      place.crash_and_open();
    else
      place.reopen();
  }
}

TEST_CASE("collect: random uploads, commits and crashes never cost a committed byte") {
  std::mt19937_64 random(test::seed());
  for (std::uint64_t run = 0; run < test::scaled(2, 6, 200); ++run) {
    Place place;
    std::vector<std::pair<content::Stored, std::string>> kept;
    for (int step = 0; step < 40; ++step) {
      switch (random() % 8) {
        case 0: place.crash_and_open(); break;
        case 1: place.reopen(); break;
        case 2: place.collect(random() % 2 == 0 ? 0 : 3600); break;
        case 3: place.put(owner_of(1), random_text(random, 17'000 + random() % 30'000)); break;
        case 4: place.put(owner_of(2), random_text(random, kMiB + random() % 50'000)); break;
        case 5:
          if (!kept.empty()) {  // the same bytes again, dropped
            place.put(owner_of(3), kept[random() % kept.size()].second);
            break;
          }
          [[fallthrough]];
        default: {
          const std::string text = random_text(random, 17'000 + random() % (2 * kMiB));
          kept.emplace_back(place.put_and_commit(owner_of(1), text), text);
        }
      }
    }
    place.crash_and_open();
    place.collect();
    for (const auto& item : kept) CHECK(place.read(owner_of(1), item.first).value() == item.second);
    std::size_t large = 0;
    for (const auto& item : kept) large += item.first.size_bytes > kPackedBytesMax ? 1 : 0;
    CHECK(place.blob_count() == large);
    const CollectReport again = place.collect();
    CHECK(again.removed == 0);
    CHECK(again.kept == 0);
  }
}

TEST_CASE("check: every piece is visited, with its holders and its bytes") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 2 * kMiB);
  place.put_and_commit(owner_of(1), text);
  const content::Stored lost = place.put_and_commit(owner_of(2), random_text(random, 30'000));
  place.put_and_commit(owner_of(2), text);
  std::size_t good = 0, bad = 0, holders = 0;
  const auto visit = [&](const content::Content::PieceState& piece) -> Status {
    (piece.bytes.ok() ? good : bad) += 1;
    holders += piece.holders;
    CHECK(piece.live);
    return {};
  };
  REQUIRE(place.content->visit_pieces(*place.store->durable(), true, visit).ok());
  CHECK(good == 2);
  CHECK(bad == 0);
  CHECK(holders == 3);
  std::filesystem::remove(place.pack_folder + '/' + place.packs().at(0));
  good = holders = 0;
  REQUIRE(place.content->visit_pieces(*place.store->durable(), false, visit).ok());
  CHECK(good == 1);
  CHECK(bad == 1);
  CHECK(place.content->holds(*place.store->durable(), owner_of(2), lost.pieces[0].id).value());
}

TEST_CASE("collect: a frame that died before a crash is not counted again after it") {
  Place place;
  std::mt19937_64 random(test::seed());
  place.put(owner_of(1), random_text(random, 60'000));
  CHECK(place.collect().removed == 1);
  const std::string text = random_text(random, 30'000);
  const content::Stored kept = place.put_and_commit(owner_of(1), text);
  place.crash_and_open();
  (void)place.collect();
  CHECK(place.read(owner_of(1), kept).value() == text);
}

TEST_CASE("collect: a frame whose end was lost with a full device is counted once") {
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 30'000);
  bool lost = true;
  for (int n = 1; lost; ++n) {
    CAPTURE(n);
    Place place;
    const content::Stored gone = place.put_and_commit(owner_of(1), random_text(random, 40'000));
    const content::Stored kept = place.put_and_commit(owner_of(1), text);
    place.forget(owner_of(1), gone);
    place.kv_syncs_left = n;
    const bool collected = place.content->collect({.grace = std::chrono::seconds(0)}).ok();
    lost = place.kv_syncs_left.exchange(0) <= 0;
    CHECK(collected != lost);
    place.clock.advance(1'000'000'000);
    (void)place.collect();
    place.reopen();  // the pack is accounted for
    (void)place.collect();
    CHECK(place.read(owner_of(1), kept).value() == text);
    CHECK(place.packs().size() == 1);
  }
}

}  // namespace
}  // namespace spind
