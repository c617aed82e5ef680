// Damaged bytes are an error, never other bytes; and bad days pass.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "content/frames.h"
#include "content/vaults.h"
#include "unit/content/place.h"

namespace spind {
namespace {

using test::FileCall;
using test::kMiB;
using test::owner_of;
using test::Place;
using test::random_text;

std::string the_blob(Place& place) { return place.blobs.list("", "", 1).value().at(0).name; }

void change_blob(Place& place, const std::string& name,
                 const std::function<void(std::vector<std::uint8_t>&)>& change) {
  std::vector<std::uint8_t> bytes = place.blobs.get(name, 1 << 30).value();
  change(bytes);
  REQUIRE(place.blobs.put(name, bytes).ok());
}

void flip_in_pack(Place& place, std::uint64_t offset) {
  std::fstream file(place.pack_folder + '/' + place.packs().at(0),
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

// Words, so that every frame is compressed.
std::string words(std::mt19937_64& random, std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(random() % 1000) + " Hefte\n";
  text.resize(size);
  return text;
}

// Where a frame of the piece lies in the bytes that are stored of it.
struct FrameAt {
  std::size_t begin, size;
};
std::vector<FrameAt> frames_in(Bytes stored) {
  std::vector<FrameAt> frames;
  for (std::size_t at = 0; at < stored.size(); at += frames.back().size) {
    const content::FrameHeader header = content::decode_frame_header(stored.subspan(at)).value();
    frames.push_back({at, header.header_bytes() + header.stored_bytes});
  }
  return frames;
}

std::string frame_text(content::Source& source, std::size_t frame) {
  std::string out(kFrameBytesMax, '\0');
  const auto got = source.read_at(frame * kFrameBytesMax,
                                  {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  REQUIRE(got.ok());
  return out;
}

TEST_CASE("damage: a flipped bit anywhere in an object is told, and only its frame is lost") {
  std::mt19937_64 random(test::seed());
  for (const std::string& text : {random_text(random, 2 * kMiB), words(random, 2 * kMiB)}) {
    Place place;
    const content::Stored stored = place.put_and_commit(owner_of(1), text);
    const std::string name = the_blob(place);
    const std::vector<FrameAt> frames = frames_in(place.blobs.get(name, 1 << 30).value());
    REQUIRE(frames.size() == 8);
    for (int round = 0; round < 40; ++round) {
      const std::size_t damaged = random() % frames.size();
      const std::size_t at =
          frames[damaged].begin +
          random() % (round < 20 ? frames[damaged].size : content::kFrameHeaderBytes);
      CAPTURE(at);
      const auto flip = [&](std::vector<std::uint8_t>& bytes) {
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ (1u << (round % 8)));
      };
      change_blob(place, name, flip);
      const auto read = place.read(owner_of(1), stored);
      CHECK_FALSE(read.ok());
      const bool told = read.code() == Code::corruption || read.code() == Code::unsupported;
      CHECK(told);
      const std::size_t other = (damaged + 3) % 8;
      const auto source = place.try_source(owner_of(1), stored).value();
      CHECK(frame_text(*source, other) == text.substr(other * kFrameBytesMax, kFrameBytesMax));
      change_blob(place, name, flip);
    }
    CHECK(place.read(owner_of(1), stored).value() == text);
    CHECK(place.content->metrics().corruptions > 0);
  }
}

TEST_CASE("damage: frames that change places, within a piece or between two, are told") {
  std::mt19937_64 random(test::seed());
  Place place;
  const std::string text = random_text(random, 2 * kMiB);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const std::string name = the_blob(place);
  place.put_and_commit(owner_of(1), random_text(random, 2 * kMiB));
  const std::string other_name = place.blobs.list("", name, 1).value().at(0).name;
  const std::vector<std::uint8_t> good = place.blobs.get(name, 1 << 30).value();
  const std::vector<std::uint8_t> other = place.blobs.get(other_name, 1 << 30).value();
  const std::vector<FrameAt> frames = frames_in(good);
  REQUIRE(frames[1].size == frames[2].size);
  const auto with = [&](std::size_t frame, const std::vector<std::uint8_t>& from,
                        std::size_t from_frame) {
    std::vector<std::uint8_t> bytes = good;
    std::copy_n(from.begin() + std::ptrdiff_t(frames[from_frame].begin), frames[frame].size,
                bytes.begin() + std::ptrdiff_t(frames[frame].begin));
    REQUIRE(place.blobs.put(name, bytes).ok());
    const auto read = place.read(owner_of(1), stored);
    REQUIRE(place.blobs.put(name, good).ok());
    return read.code();
  };
  CHECK(with(1, good, 2) == Code::corruption);
  CHECK(with(1, other, 1) == Code::corruption);
  CHECK(with(1, good, 1) == Code::ok);
}

TEST_CASE("damage: a row that says something else about its frames than they do is told") {
  std::mt19937_64 random(test::seed());
  Place place;
  const std::string text = words(random, 2 * kMiB);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const model::VaultId vault = model::vault_of("school");
  const std::string key = model::piece_key(vault, stored.pieces[0].id);
  const std::string good = place.store->durable()->get(kv::Family::content, key).value().value();
  const auto read_with = [&](const model::PieceRow& row) {
    const kv::Answer answer =
        place.store->update({model::bucket_of(vault, stored.pieces[0].id)},
                            [&](kv::Transaction& transaction) -> kv::Outcome {
                              transaction.put(kv::Family::content, key, model::encode(row));
                              return kv::Commit{};
                            });
    REQUIRE(place.store->wait(answer.ticket).ok());
    return place.read(owner_of(1), stored);
  };
  const model::PieceRow row = model::decode_piece(good).value();
  model::PieceRow other = row;
  std::swap(other.frame_bytes[0], other.frame_bytes[7]);
  if (other != row) CHECK(read_with(other).code() == Code::corruption);
  other = row;
  ++other.stored_bytes;
  CHECK(read_with(other).code() == Code::corruption);
  ++other.frame_bytes[2];
  CHECK(read_with(other).code() == Code::corruption);
  other = row;
  other.frame_bytes.clear();
  other.stored_bytes = text.size() + 8 * content::kFrameHeaderBytes1;
  CHECK(read_with(other).code() == Code::corruption);
  CHECK(read_with(row).value() == text);
}

TEST_CASE("compression: what saves something is stored shorter, and a small read fetches little") {
  std::mt19937_64 random(test::seed());
  for (const bool compress : {true, false}) {
    Place place;
    place.compress = compress;
    place.reopen();
    const std::string text = words(random, 9 * kMiB);
    const content::Stored stored = place.put_and_commit(owner_of(1), text);
    const content::Stored packed = place.put_and_commit(owner_of(1), text.substr(7, 700'000));
    const content::Metrics written = place.content->metrics();
    CHECK(written.bytes_gathered == text.size() + 700'000);
    if (compress)
      CHECK(written.bytes_written < written.bytes_gathered / 2);
    else
      CHECK(written.bytes_written > written.bytes_gathered);
    auto source = place.try_source(owner_of(1), stored).value();
    const std::uint64_t before = place.content->metrics().bytes_read;
    std::string part(1000, '\0');
    REQUIRE(source->read_at(5 * kMiB, {reinterpret_cast<std::uint8_t*>(part.data()), 1000}).ok());
    CHECK(part == text.substr(5 * kMiB, 1000));
    const std::uint64_t fetched = place.content->metrics().bytes_read - before;
    CHECK(fetched <= kFrameBytesMax + content::kFrameHeaderBytes);
    if (compress) CHECK(fetched <= kFrameBytesMax / 2);
    source.reset();  // before the content that it reads
    // What was stored in one way is read in the other.
    place.compress = !compress;
    place.reopen();
    CHECK(place.read(owner_of(1), stored).value() == text);
    CHECK(place.read(owner_of(1), packed).value() == text.substr(7, 700'000));
  }
}

TEST_CASE("damage: a cut, missing or swapped blob is told") {
  std::mt19937_64 random(test::seed());
  Place place;
  const std::string text = random_text(random, 2 * kMiB);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const std::string name = the_blob(place);
  const std::vector<std::uint8_t> good = place.blobs.get(name, 1 << 30).value();
  const content::Stored other = place.put_and_commit(owner_of(1), random_text(random, 2 * kMiB));

  for (const std::size_t size :
       {std::size_t{0}, std::size_t{50}, good.size() / 2, good.size() - 1}) {
    change_blob(place, name, [&](std::vector<std::uint8_t>& bytes) { bytes.resize(size); });
    CHECK(place.read(owner_of(1), stored).code() == Code::corruption);
    REQUIRE(place.blobs.put(name, good).ok());
  }
  const std::string other_name = place.blobs.list("", name, 1).value().at(0).name;
  REQUIRE(place.blobs.put(name, place.blobs.get(other_name, 1 << 30).value()).ok());
  CHECK(place.read(owner_of(1), stored).code() == Code::corruption);
  REQUIRE(place.blobs.remove(name).ok());
  const auto missing = place.read(owner_of(1), stored);
  CHECK(missing.code() == Code::corruption);
  CHECK(missing.error().text.find("missing") != std::string::npos);
  CHECK(place.read(owner_of(1), other).ok());
}

TEST_CASE("damage: a flipped bit in a pack is told, and its neighbours are read") {
  std::mt19937_64 random(test::seed());
  Place place;
  std::vector<std::pair<content::Stored, std::string>> all;
  for (int i = 0; i < 3; ++i) {
    const std::string text = random_text(random, 20'000);
    all.emplace_back(place.put_and_commit(owner_of(1), text), text);
  }
  flip_in_pack(place, content::stored_size(20'000) + 5'000);
  CHECK(place.read(owner_of(1), all[0].first).value() == all[0].second);
  CHECK(place.read(owner_of(1), all[1].first).code() == Code::corruption);
  CHECK(place.read(owner_of(1), all[2].first).value() == all[2].second);
}

TEST_CASE("damage: content that was lost is whole again once somebody stores it anew") {
  std::mt19937_64 random(test::seed());
  Place place;
  const std::string text = random_text(random, 2 * kMiB);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  REQUIRE(place.blobs.remove(the_blob(place)).ok());
  CHECK(place.read(owner_of(1), stored).code() == Code::corruption);
  place.put_and_commit(owner_of(2), text);
  CHECK(place.read(owner_of(1), stored).value() == text);
  place.collect();
  CHECK(place.blob_count() == 1);
  CHECK(place.read(owner_of(1), stored).value() == text);
}

TEST_CASE("damage: a version that names more or fewer bytes than its pieces have is told") {
  std::mt19937_64 random(test::seed());
  Place place;
  content::Stored stored = place.put_and_commit(owner_of(1), random_text(random, 50'000));
  stored.size_bytes += 1;
  CHECK(place.read(owner_of(1), stored).code() == Code::corruption);
  stored.size_bytes = 0;
  CHECK(place.try_source(owner_of(1), stored).code() == Code::corruption);
}

TEST_CASE("damage: a read that fails for another reason says so, and passes") {
  std::mt19937_64 random(test::seed());
  Place place;
  const std::string text = random_text(random, 50'000);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const std::string path = place.pack_folder + '/' + place.packs().at(0);
  std::filesystem::rename(path, path + ".away");
  std::filesystem::create_directory(path);
  CHECK(place.read(owner_of(1), stored).code() == Code::is_a_folder);
  std::filesystem::remove(path);
  std::filesystem::rename(path + ".away", path);
  CHECK(place.read(owner_of(1), stored).value() == text);
}

TEST_CASE("bad days: a full device tears no pack, and with room again writes go on") {
  std::mt19937_64 random(test::seed());
  Place place;
  const std::string first = random_text(random, 50'000), second = random_text(random, 60'000),
                    third = random_text(random, 70'000);
  const content::Stored before = place.put_and_commit(owner_of(1), first);
  place.files.set([](FileCall call, const std::string&) -> std::optional<Error> {
    if (call == FileCall::append) return Error{Code::no_space, "device full"};
    return std::nullopt;
  });
  CHECK(place.try_store(owner_of(1), second).code() == Code::no_space);
  CHECK(place.pack_bytes() == content::stored_size(first.size()));
  place.files.set(nullptr);
  const content::Stored after = place.put_and_commit(owner_of(1), third);
  CHECK(place.packs().size() == 1);
  CHECK(place.content->health().ok());
  CHECK(place.read(owner_of(1), before).value() == first);
  CHECK(place.read(owner_of(1), after).value() == third);
}

TEST_CASE("bad days: a pack whose torn tail cannot be cut is given up, another is begun") {
  std::mt19937_64 random(test::seed());
  Place place;
  const std::string first = random_text(random, 50'000), second = random_text(random, 60'000);
  const content::Stored before = place.put_and_commit(owner_of(1), first);
  place.files.set([](FileCall call, const std::string&) -> std::optional<Error> {
    if (call == FileCall::append || call == FileCall::truncate)
      return Error{Code::io_error, "a bad disk"};
    return std::nullopt;
  });
  CHECK(place.try_store(owner_of(1), second).code() == Code::io_error);
  place.files.set(nullptr);
  const content::Stored after = place.put_and_commit(owner_of(1), second);
  CHECK(place.packs().size() == 2);
  place.reopen();
  const std::uint64_t with_tail = place.pack_bytes();
  place.collect();
  CHECK(place.pack_bytes() < with_tail);
  CHECK(place.read(owner_of(1), before).value() == first);
  CHECK(place.read(owner_of(1), after).value() == second);
}

TEST_CASE("bad days: a failed sync of a pack ends all writing, and reads go on") {
  std::mt19937_64 random(test::seed());
  Place place;
  const std::string first = random_text(random, 50'000), second = random_text(random, 60'000);
  const content::Stored before = place.put_and_commit(owner_of(1), first);
  place.files.set([](FileCall call, const std::string&) -> std::optional<Error> {
    if (call == FileCall::sync) return Error{Code::io_error, "a bad disk"};
    return std::nullopt;
  });
  CHECK(place.try_store(owner_of(1), second).code() == Code::io_error);
  place.files.set(nullptr);
  CHECK(place.content->health().code() == Code::unavailable);
  CHECK(place.try_store(owner_of(1), second).code() == Code::unavailable);
  CHECK(place.read(owner_of(1), before).value() == first);
  place.reopen();
  CHECK(place.content->health().ok());
  const content::Stored after = place.put_and_commit(owner_of(1), second);
  CHECK(place.collect().removed == 1);  // what was appended and not synced
  CHECK(place.read(owner_of(1), before).value() == first);
  CHECK(place.read(owner_of(1), after).value() == second);
}

TEST_CASE("bad days: no room for metadata leaves no bytes behind") {
  std::mt19937_64 random(test::seed());
  Place place;
  place.put_and_commit(owner_of(1), random_text(random, 2 * kMiB));
  place.kv_full = true;
  const std::string text = random_text(random, 2 * kMiB);
  CHECK(place.try_store(owner_of(1), text).code() == Code::no_space);
  CHECK(place.blob_count() == 1);
  place.kv_full = false;
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  CHECK(place.read(owner_of(1), stored).value() == text);
}

TEST_CASE("bad days: a commit never builds on what the vault lost with a full device") {
  std::mt19937_64 random(test::seed());
  for (const std::size_t size : {std::size_t{50'000}, 2 * kMiB}) {
    Place place;
    const std::string first = random_text(random, size - 1), text = random_text(random, size);
    const content::Stored before = place.put_and_commit(owner_of(1), first);
    {
      const content::Stored stored = place.put(owner_of(1), text);  // noted, but not durable yet
      place.kv_sync_full = true;
      CHECK(place.store->wait(place.store->latest()).code() == Code::no_space);
      place.kv_sync_full = false;
      place.clock.advance(1'000'000'000);
      CHECK(place.commit(owner_of(1), stored).code() == Code::aborted);
    }
    const content::Stored again = place.put_and_commit(owner_of(1), text);
    CHECK(place.read(owner_of(1), before).value() == first);
    CHECK(place.read(owner_of(1), again).value() == text);
    place.reopen();
    place.collect();
    CHECK(place.read(owner_of(1), before).value() == first);
    CHECK(place.read(owner_of(1), again).value() == text);
    if (size > kMiB)
      CHECK(place.blob_count() == 2);
    else
      CHECK(place.rows(model::ledger_prefix(model::LedgerRow::pack_open)) == 0);
    CHECK(place.collect().removed == 0);
  }
}

TEST_CASE("bad days: a put that fails at any file call leaves nothing that is wrong") {
  std::mt19937_64 random(test::seed());
  const std::string first = random_text(random, 50'000), second = random_text(random, 60'000);
  for (int fail_at = 0;; ++fail_at) {
    CAPTURE(fail_at);
    Place place;
    int calls = 0;
    place.files.set([&](FileCall, const std::string&) -> std::optional<Error> {
      if (calls++ != fail_at) return std::nullopt;
      return Error{Code::io_error, "a bad disk"};
    });
    auto stored = place.try_store(owner_of(1), first);
    place.files.set(nullptr);
    if (stored.ok()) {
      REQUIRE(place.commit(owner_of(1), *stored).ok());
      stored->claim = nullptr;
    }
    if (place.content->health().ok()) CHECK(place.try_store(owner_of(1), second).ok());
    place.reopen();
    place.collect();
    if (stored.ok()) CHECK(place.read(owner_of(1), *stored).value() == first);
    const content::Stored again = place.put_and_commit(owner_of(1), second);
    CHECK(place.read(owner_of(1), again).value() == second);
    if (calls <= fail_at) {
      CHECK(fail_at >= 4);  // open, sync of the folder, append, sync
      break;
    }
  }
}

TEST_CASE("damage: a place that was replaced stays while a reader's snapshot knows it") {
  Place place(false);
  std::mt19937_64 random(test::seed());
  const std::string text = random_text(random, 2 * kMiB);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  auto reader = place.try_source(owner_of(1), stored).value();
  change_blob(place, the_blob(place), [](auto& bytes) { bytes[0] ^= 1; });
  (void)place.put_and_commit(owner_of(2), text);
  REQUIRE(place.blob_count() == 2);
  (void)place.collect();
  CHECK(place.blob_count() == 2);
  CHECK(frame_text(*reader, 5) == text.substr(5 * kFrameBytesMax, kFrameBytesMax));
  reader.reset();
  (void)place.collect();
  CHECK(place.blob_count() == 1);
  CHECK(place.read(owner_of(1), stored).value() == text);
}

}  // namespace
}  // namespace spind
