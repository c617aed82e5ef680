// Frames of format 1, which the first releases stored, beside those of today.
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/hash.h"
#include "base/limits.h"
#include "content/file_packs.h"
#include "content/frames.h"
#include "unit/content/place.h"

namespace spind {
namespace {

using test::owner_of;
using test::Place;
using test::random_text;

constexpr std::uint64_t kPackNumber = 900'000;
constexpr std::size_t kEarlierPieces = 20;

std::string frames_of_format_1(std::string_view text) {
  content::FrameHeader header{.format = 1,
                              .piece_bytes = static_cast<std::uint32_t>(text.size()),
                              .vault = model::vault_of("school"),
                              .piece = sha256(as_bytes(text))};
  std::string stored;
  for (; header.position < content::frame_count(text.size()); ++header.position) {
    header.size_bytes =
        static_cast<std::uint32_t>(content::frame_size(text.size(), header.position));
    header.stored_bytes = header.size_bytes;
    const std::string_view bytes = text.substr(header.position * kFrameBytesMax, header.size_bytes);
    header.digest = xxh3_128(as_bytes(bytes));
    std::array<std::uint8_t, content::kFrameHeaderBytes1> begin{};
    content::encode_frame_header(header, begin.data());
    stored.append(as_text(begin)).append(bytes);
  }
  return stored;
}

// A place with a pack of such pieces, which has room for more.
class Earlier {
 public:
  Earlier() {
    std::string pack;
    for (std::size_t i = 0; i < kEarlierPieces; ++i) {
      texts.push_back(random_text(random, 300'000 + i));
      stored.emplace_back().size_bytes = texts[i].size();
      stored[i].pieces = {{sha256(as_bytes(texts[i])), texts[i].size()}};
      offsets_.push_back(pack.size());
      pack += frames_of_format_1(texts[i]);
    }
    std::ofstream(content::pack_path(place.pack_folder, kPackNumber), std::ios::binary) << pack;
    write_rows(pack.size());
    place.reopen();
  }

  bool whole(std::size_t i) {
    const auto read = place.read(owner_of(1), stored[i]);
    return read.ok() && *read == texts[i];
  }

  std::mt19937_64 random{test::seed()};
  Place place;
  std::vector<std::string> texts;
  std::vector<content::Stored> stored;

 private:
  void write_rows(std::uint64_t end_bytes) {
    const model::VaultId vault = model::vault_of("school");
    std::vector<std::string> partitions{model::ledger_partition(),
                                        model::space_partition(owner_of(1).space)};
    for (const content::Stored& item : stored)
      partitions.push_back(model::bucket_of(vault, item.pieces[0].id));
    std::sort(partitions.begin(), partitions.end());
    partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
    const kv::Answer answer =
        place.store->update(partitions, [&](kv::Transaction& transaction) -> kv::Outcome {
          const auto put = [&](const std::string& key, const std::string& value) {
            transaction.put(kv::Family::content, key, value);
          };
          put(model::ledger_vault_key(vault), "school");
          put(model::ledger_key(model::LedgerRow::pack_idle, kPackNumber),
              model::encode(model::PackRow{end_bytes, 0}));
          for (std::size_t i = 0; i < kEarlierPieces; ++i) {
            const model::Piece& piece = stored[i].pieces[0];
            const std::uint64_t bytes = piece.size_bytes + content::frame_count(piece.size_bytes) *
                                                               content::kFrameHeaderBytes1;
            put(model::piece_key(vault, piece.id),
                model::encode(
                    model::PieceRow{{model::BlobPlace::Kind::pack, kPackNumber, offsets_[i]},
                                    piece.size_bytes,
                                    bytes}));
            put(model::holder_key(vault, piece.id, owner_of(1).space), "");
            transaction.put(kv::Family::state, model::reference_key(owner_of(1).space, piece.id),
                            model::encode_count(1));
          }
          return kv::Commit{};
        });
    REQUIRE(place.store->wait(answer.ticket).ok());
  }

  std::vector<std::uint64_t> offsets_;
};

TEST_CASE("frames of format 1: are read, shared, and followed by others in the same pack") {
  Earlier earlier;
  Place& place = earlier.place;
  for (std::size_t i = 0; i < kEarlierPieces; ++i) CHECK(earlier.whole(i));
  const std::string prose(400'000, 'x');
  const content::Stored later = place.put_and_commit(owner_of(2), prose);
  const content::Stored shared = place.put_and_commit(owner_of(2), earlier.texts[3]);
  CHECK(place.packs().size() == 1);
  CHECK(place.content->metrics().pieces_shared == 1);
  place.put(owner_of(2), random_text(earlier.random, 70'000));  // the crash leaves it
  const std::uint64_t before = place.pack_bytes();
  place.crash_and_open();
  CHECK(place.collect().removed == 1);
  CHECK(place.pack_bytes() < before);
  CHECK(place.read(owner_of(2), later).value() == prose);
  CHECK(place.read(owner_of(2), shared).value() == earlier.texts[3]);
  for (std::size_t i = 0; i < kEarlierPieces; ++i) CHECK(earlier.whole(i));
}

TEST_CASE("frames of format 1: what is left of a pack of both moves as it is") {
  Earlier earlier;
  Place& place = earlier.place;
  std::vector<std::pair<content::Stored, std::string>> later;
  for (int i = 0; i < 4; ++i) {
    std::string text(300'000, static_cast<char>('a' + i));
    later.emplace_back(place.put_and_commit(owner_of(2), text), std::move(text));
  }
  place.reopen();
  for (std::size_t i = 0; i < kEarlierPieces; ++i)
    if (i % 4 != 0) place.forget(owner_of(1), earlier.stored[i]);
  place.forget(owner_of(2), later[1].first);
  const CollectOptions options{.grace = std::chrono::seconds(0), .rewrite_rate_bytes = 0};
  REQUIRE(place.content->collect(options).value().pieces_moved == 5 + 3);
  place.content->collect(options).value();
  CHECK_FALSE(std::filesystem::exists(content::pack_path(place.pack_folder, kPackNumber)));
  for (std::size_t i = 0; i < kEarlierPieces; i += 4) CHECK(earlier.whole(i));
  for (const std::size_t i : {0u, 2u, 3u})
    CHECK(place.read(owner_of(2), later[i].first).value() == later[i].second);
  place.crash_and_open();
  place.collect();
  for (std::size_t i = 0; i < kEarlierPieces; i += 4) CHECK(earlier.whole(i));
}

TEST_CASE("frames of format 1: any flipped bit is told") {
  Earlier earlier;
  Place& place = earlier.place;
  const std::string path = content::pack_path(place.pack_folder, kPackNumber);
  for (int round = 0; round < 30; ++round) {
    const std::size_t at = earlier.random() % (round < 15 ? content::kFrameHeaderBytes1 : 300'096);
    CAPTURE(at);
    const auto flip = [&] {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      const int byte = file.get();
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(byte ^ 1 << round % 8));
    };
    flip();
    CHECK_FALSE(earlier.whole(0));
    CHECK(earlier.whole(1));
    flip();
  }
  CHECK(earlier.whole(0));
}

}  // namespace
}  // namespace spind
