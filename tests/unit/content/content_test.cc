// Bytes in, the same bytes out.
#include <algorithm>
#include <thread>

#include "base/hash.h"
#include "base/hex.h"
#include "base/limits.h"
#include "content/frame_codec.h"
#include "unit/content/place.h"

namespace spind {
namespace {

using test::kMiB;
using test::owner_of;
using test::Place;
using test::random_text;

TEST_CASE("content: up to the inline limit comes back to the caller, and nothing is stored") {
  Place place;
  std::mt19937_64 random(test::seed());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kInlineBytesMax}) {
    const std::string text = random_text(random, size);
    const content::Stored stored = place.put(owner_of(1), text);
    CHECK(stored.inline_bytes == text);
    CHECK(stored.pieces.empty());
    CHECK(stored.claim == nullptr);
    CHECK(stored.sha256 == sha256(as_bytes(text)));
    CHECK(place.content->verify(stored).ok());
    const content::Stored at_once = content::store_inline(as_bytes(text), 0);
    CHECK(at_once.inline_bytes == text);
    CHECK(at_once.sha256 == stored.sha256);
  }
  CHECK(place.blob_count() == 0);
  CHECK(place.packs().empty());
}

TEST_CASE("content: files of every size come back as they went in, from packs and objects") {
  for (const bool with_packs : {true, false}) {
    CAPTURE(with_packs);
    Place place(with_packs);
    std::mt19937_64 random(test::seed());
    for (const std::size_t size :
         {kInlineBytesMax + 1, kFrameBytesMax - 1, kFrameBytesMax, kFrameBytesMax + 1, kMiB,
          kMiB + 1, 8 * kMiB, 8 * kMiB + 1, 17 * kMiB + 12'345}) {
      CAPTURE(size);
      const std::string text = random_text(random, size);
      const auto stored = place.try_store(owner_of(1), text, 1 + random() % (3 * kMiB));
      REQUIRE(stored.ok());
      CHECK(stored->size_bytes == size);
      CHECK(stored->sha256 == sha256(as_bytes(text)));
      CHECK(stored->pieces.size() == (size + kPieceBytesMax - 1) / kPieceBytesMax);
      if (stored->pieces.size() == 1) CHECK(stored->pieces[0].id == stored->sha256);
      REQUIRE(place.commit(owner_of(1), *stored).ok());
      CHECK(place.read(owner_of(1), *stored).value() == text);
      const auto source = place.try_source(owner_of(1), *stored).value();
      for (int i = 0; i < 10; ++i) {
        std::vector<std::uint8_t> out(1 + random() % 600'000);
        const std::size_t offset = random() % size;
        const std::size_t got = source->read_at(offset, out).value();
        CHECK(got == std::min(out.size(), size - offset));
        CHECK(as_text({out.data(), got}) == std::string_view(text).substr(offset, got));
      }
    }
  }
}

TEST_CASE("content: a small piece goes to a pack, a large one becomes an object") {
  Place place;
  std::mt19937_64 random(test::seed());
  place.put(owner_of(1), random_text(random, kMiB));
  CHECK(place.blob_count() == 0);
  CHECK(place.packs().size() == 1);
  place.put(owner_of(1), random_text(random, kMiB + 1));
  CHECK(place.blob_count() == 1);
  CHECK(place.packs().size() == 1);
}

TEST_CASE("content: a reader in sequence gets every byte, whatever it asks for at a time") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 18 * kMiB + 7);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  for (const std::size_t part : {std::size_t{50'001}, kMiB, 5 * kMiB}) {
    const auto source = place.try_source(owner_of(1), stored).value();
    std::vector<std::uint8_t> out(part);
    std::string all;
    source->read_ahead(0, 4 * kMiB);
    while (true) {
      const std::size_t got = source->read_at(all.size(), out).value();
      if (got == 0) break;
      all.append(as_text({out.data(), got}));
    }
    CHECK(all == text);
  }
}

TEST_CASE("content: a long read asks between its pieces whether it should go on") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 18 * kMiB + 7);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const auto source = place.try_source(owner_of(1), stored).value();
  std::vector<std::uint8_t> out(text.size());
  int asked = 0;
  const Interrupt second = [&asked]() -> Status {
    if (++asked < 2) return {};
    return Error{Code::cancelled, "enough"};
  };
  CHECK(source->read_at(0, out, second).code() == Code::cancelled);
  CHECK(asked == 2);
  CHECK(source->read_at(0, out).value() == text.size());
  CHECK(as_text(out) == text);
}

TEST_CASE("content: checksums are computed on request, in one pass") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 100'000);
  const auto upload = place.content->upload(owner_of(1), kSha1 | kAdler32, nullptr);
  REQUIRE(upload->append(as_bytes(text)).ok());
  const content::Stored stored = upload->finish().value();
  Hasher sha1(HashKind::sha1);
  sha1.update(as_bytes(text));
  CHECK(to_hex(Bytes(*stored.checksums.sha1)) == to_hex(sha1.finish()));
  CHECK_FALSE(stored.checksums.md5.has_value());
  CHECK(stored.checksums.adler32.has_value());
  CHECK(content::store_inline(as_bytes("Wikipedia"), kAdler32).checksums.adler32 == 0x11e60398u);
}

TEST_CASE("content: equal content of one tenant is stored once, of two tenants twice") {
  Place place;
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 9 * kMiB);
  place.put_and_commit(owner_of(1), text);
  const content::Metrics before = place.content->metrics();
  const content::Stored second = place.put_and_commit(owner_of(2), text);
  const content::Metrics after = place.content->metrics();
  CHECK(after.bytes_written == before.bytes_written);
  CHECK(after.pieces_shared == before.pieces_shared + 2);
  CHECK(place.read(owner_of(2), second).value() == text);
  place.put_and_commit(owner_of(3, "university"), text);
  CHECK(place.content->metrics().bytes_written == 2 * before.bytes_written);
}

TEST_CASE("content: many threads with few contents store each once and lose none") {
  Place place;
  std::vector<std::string> texts;
  std::mt19937_64 random(test::seed());
  for (int i = 0; i < 4; ++i) texts.push_back(random_text(random, i == 0 ? 2 * kMiB : 50'000));
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (std::uint8_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string& text = texts[static_cast<std::size_t>(t + i) % texts.size()];
        const auto stored = place.try_store(owner_of(t), text);
        if (!stored.ok() || !place.commit(owner_of(t), *stored).ok())
          ++failed;
        else if (place.read(owner_of(t), *stored).value() != text)
          ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK(place.blob_count() == 1);
  const content::Metrics metrics = place.content->metrics();
  CHECK(metrics.pieces_stored == texts.size());
  CHECK(metrics.pieces_stored + metrics.pieces_shared == 160);
  CHECK(metrics.pack_sync_appends >= 3);
  // Of memory for pieces and for reading nothing is left; what compresses is kept.
  CHECK(metrics.memory_bytes % content::FrameCodec::kBenchBytes == 0);
}

TEST_CASE("content: uploads of one thread beside each other fit into a small budget") {
  Place place(true, 12 << 20);
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 20 * kMiB);
  const content::Stored large = place.put_and_commit(owner_of(1), text);
  CHECK(place.content->metrics().memory_bytes <= (12u << 20));
  CHECK(place.read(owner_of(1), large).value() == text);
  std::vector<std::unique_ptr<content::Upload>> uploads;
  for (int i = 0; i < 2; ++i) {
    uploads.push_back(place.content->upload(owner_of(1), 0, nullptr));
    REQUIRE(uploads.back()->append(as_bytes(text).first(100'000 + std::size_t(i))).ok());
  }
  for (const auto& upload : uploads) CHECK(upload->finish().ok());
}

TEST_CASE("content: a slow upload that holds its memory keeps no other from going on") {
  Place place(true, 12 << 20);
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 20 * kMiB);
  const auto slow = place.content->upload(owner_of(1), 0, nullptr);
  REQUIRE(
      slow->append(as_bytes(text).first(3 * kMiB)).ok());  // has the memory of the one large piece
  const content::Stored other = place.put_and_commit(owner_of(1), text);
  CHECK(other.pieces.size() == 20);  // in smaller pieces
  CHECK(place.read(owner_of(1), other).value() == text);
  REQUIRE(slow->append(as_bytes(text).subspan(3 * kMiB)).ok());
  const auto stored = slow->finish();
  REQUIRE(stored.ok());
  CHECK(stored->pieces.size() == 3);
  CHECK(stored->sha256 == other.sha256);
  CHECK(place.commit(owner_of(1), *stored).ok());
  CHECK(place.read(owner_of(1), *stored).value() == text);
}

TEST_CASE("content: an upload waits for memory only as long as it may") {
  Place place(true, 12 << 20);
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 2 * kMiB);
  std::vector<std::unique_ptr<content::Upload>> holders;  // of the large piece and the small ones
  for (int i = 0; i < 3; ++i) {
    holders.push_back(place.content->upload(owner_of(1), 0, nullptr));
    REQUIRE(holders.back()->append(as_bytes(text).first(2 * kMiB - 1)).ok());
  }
  int asked = 0;
  const auto late = place.content->upload(owner_of(1), 0, [&]() -> Status {
    if (++asked < 3) return {};
    return Error{Code::cancelled, "enough"};
  });
  CHECK(late->append(as_bytes(text)).code() == Code::cancelled);
  CHECK(late->append(as_bytes(text)).code() == Code::cancelled);
  CHECK(late->finish().code() == Code::cancelled);
  for (const auto& holder : holders) CHECK(holder->finish().ok());
}

TEST_CASE("content: an interrupt ends an upload, and what it stored is collected") {
  Place place;
  std::mt19937_64 random(test::seed());
  std::atomic<bool> stop = false;
  {
    const auto upload = place.content->upload(owner_of(1), 0, [&]() -> Status {
      if (stop) return Error{Code::deadline_exceeded, "too late"};
      return {};
    });
    REQUIRE(upload->append(as_bytes(random_text(random, 17 * kMiB))).ok());
    stop = true;
    CHECK(upload->append(as_bytes("x")).code() == Code::deadline_exceeded);
    CHECK(upload->finish().code() == Code::deadline_exceeded);
  }
  const std::size_t stored = place.blob_count();
  CHECK(stored <= 2);  // a piece may have been on its way
  CHECK(place.collect().removed == stored);
  CHECK(place.blob_count() == 0);
}

TEST_CASE("content: an upload that is finished takes no more") {
  Place place;
  const auto upload = place.content->upload(owner_of(1), 0, nullptr);
  REQUIRE(upload->append(as_bytes("x")).ok());
  REQUIRE(upload->finish().ok());
  CHECK(upload->append(as_bytes("x")).code() == Code::aborted);
  CHECK(upload->finish().code() == Code::aborted);
}

TEST_CASE("content: a clean close lets the next run append to the same pack") {
  Place place;
  std::mt19937_64 random(test::seed());
  std::vector<std::pair<content::Stored, std::string>> all;
  for (int i = 0; i < 4; ++i) {
    const std::string text = random_text(random, 20'000 + std::size_t(i));
    all.emplace_back(place.put_and_commit(owner_of(1), text), text);
    place.reopen();
  }
  CHECK(place.packs().size() == 1);
  for (const auto& item : all) CHECK(place.read(owner_of(1), item.first).value() == item.second);
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_open)) == 0);
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::range)) == 0);
}

TEST_CASE("content: packs are followed by further ones when they are full") {
  Place place;
  std::mt19937_64 random(test::seed());
  std::string text = random_text(random, kMiB);
  for (std::uint32_t i = 0; i < 70; ++i) {
    std::copy_n(reinterpret_cast<const char*>(&i), sizeof i, text.begin());
    const content::Stored stored = place.put(owner_of(1), text);
    REQUIRE(place.commit(owner_of(1), stored).ok());
    if (i % 23 == 0) CHECK(place.read(owner_of(1), stored).value() == text);
  }
  CHECK(place.packs().size() == 2);
  CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_full)) == 1);
}

}  // namespace
}  // namespace spind
