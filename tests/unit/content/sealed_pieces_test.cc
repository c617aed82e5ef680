// Pieces of encrypted vaults: who has the keys reads what was written; nobody else does, and
// nothing else is taken for it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "base/hash.h"
#include "base/limits.h"
#include "base/sealer.h"
#include "content/frames.h"
#include "content/vaults.h"
#include "unit/content/place.h"

namespace spind {
namespace {

using test::kMiB;
using test::owner_of;
using test::Place;
using test::random_text;

const model::VaultId kSchoolVault = model::vault_of("school");

// Half of it compresses.
std::string mixed_text(std::mt19937_64& random, std::size_t size) {
  std::string text;
  while (text.size() < size) {
    for (int i = 0; i < 20'000; ++i) text += "Heft " + std::to_string(i % 100) + "\n";
    text += random_text(random, 200'000);
  }
  return text.substr(0, size);
}

model::PieceRow sealed_row_of(Place& place, const model::PieceId& piece,
                              const model::VaultId& vault = kSchoolVault) {
  const auto row = place.store->durable()->get(kv::Family::content, model::piece_key(vault, piece));
  return model::decode_piece(row->value()).value();
}

void put_piece_row(Place& place, const model::PieceId& piece, const model::PieceRow& row) {
  const kv::Answer answer = place.store->update(
      {model::bucket_of(kSchoolVault, piece)}, [&](kv::Transaction& transaction) -> kv::Outcome {
        transaction.put(kv::Family::content, model::piece_key(kSchoolVault, piece),
                        model::encode(row));
        return kv::Commit{};
      });
  REQUIRE(place.store->wait(answer.ticket).ok());
}

// All that lies outside the rows and the host's key.
std::string all_stored(Place& place) {
  std::string all;
  for (const BlobListItem& item : place.blobs.list("", "", 10'000).value()) {
    const auto bytes = place.blobs.get(item.name, 1 << 30).value();
    all.append(as_text(bytes));
  }
  if (place.pack_folder.empty()) return all;
  for (const std::string& name : place.packs()) {
    std::ifstream file(place.pack_folder + '/' + name, std::ios::binary);
    all.append(std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

struct Visited {
  Code bytes = Code::ok;
  bool opened = false;
};
std::map<model::PieceId, Visited> visited(Place& place, bool read_bytes) {
  std::map<model::PieceId, Visited> states;
  const auto visit = [&](const content::Content::PieceState& state) -> Status {
    states[state.id] = {state.bytes.code(), state.opened};
    return {};
  };
  REQUIRE(place.content->visit_pieces(*place.store->durable(), read_bytes, visit).ok());
  return states;
}

TEST_CASE("sealed pieces: files of every size come back, from packs, objects and far away") {
  std::mt19937_64 random(test::seed());
  const auto try_sizes = [&](Place& place) {
    for (const std::size_t size : {kInlineBytesMax + 1, kFrameBytesMax, kFrameBytesMax + 1, kMiB,
                                   kMiB + 1, 8 * kMiB + 1, 17 * kMiB + 12'345}) {
      CAPTURE(size);
      const std::string text = mixed_text(random, size);
      const content::Stored stored = place.put_and_commit(owner_of(1), text);
      CHECK(stored.sha256 == sha256(as_bytes(text)));
      if (stored.pieces.size() == 1) CHECK(stored.pieces[0].id != stored.sha256);
      CHECK(place.read(owner_of(1), stored).value() == text);
      const auto source = place.try_source(owner_of(1), stored).value();
      for (int i = 0; i < 5; ++i) {
        std::vector<std::uint8_t> out(1 + random() % 600'000);
        const std::size_t offset = random() % size;
        const std::size_t got = source->read_at(offset, out).value();
        CHECK(as_text({out.data(), got}) == std::string_view(text).substr(offset, got));
      }
    }
    for (const auto& [id, state] : visited(place, true)) {
      CHECK(state.bytes == Code::ok);
      CHECK(state.opened);
      CHECK(sealed_row_of(place, id).generation == 1);
    }
  };
  for (const bool with_packs : {true, false}) {
    Place place(with_packs);
    try_sizes(place.encrypt());
  }
  Place far(content::GatherOptions{});
  try_sizes(far.encrypt());
}

TEST_CASE("sealed pieces: what was written is found in no blob and no pack, and no key either") {
  std::mt19937_64 random(test::seed());
  const std::string planted = "the planted text of a school report";
  for (const bool compress : {true, false}) {
    Place place;
    place.compress = compress;
    place.encrypt();
    std::vector<content::Stored> stored;
    for (const std::size_t size : {50'000u, 3'000'000u}) {
      std::string text = mixed_text(random, size);
      for (std::size_t at = 0; at + 2 * planted.size() < size; at += 9'000)
        text.replace(at, planted.size(), planted);
      stored.push_back(place.put_and_commit(owner_of(1), text));
    }
    const std::string all = all_stored(place);
    REQUIRE(all.size() > 100'000);
    CHECK(all.find(planted) == std::string::npos);
    CHECK(all.find("planted") == std::string::npos);
    CHECK(all.find("Heft") == std::string::npos);
    for (const content::Stored& each : stored)
      CHECK(all.find(as_text(Bytes(each.sha256))) == std::string::npos);
    const content::KeyringRef keyring = place.keys->find(kSchoolVault).value();
    for (const auto& key : {keyring->id_key(), keyring->record_key(), keyring->data_key(1)})
      CHECK(all.find(as_text(key.value())) == std::string::npos);
  }
}

TEST_CASE(
    "sealed pieces: an id is an HMAC under the vault's key, kept when the store is reopened") {
  std::mt19937_64 random(test::seed());
  Place place;
  place.encrypt();
  const std::string text = random_text(random, 50'000);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  model::PieceId expected{};
  hmac_sha256(place.keys->find(kSchoolVault).value()->id_key().value(), sha256(as_bytes(text)),
              expected);
  CHECK(stored.pieces[0].id == expected);
  {
    const auto upload = place.content->upload(owner_of(2), 0, nullptr);
    REQUIRE(upload->append(as_bytes("a tail")).ok());
    const content::Stored tail = upload->finish_as_pieces().value();
    CHECK(tail.pieces.at(0).id != sha256(as_bytes("a tail")));
  }
  place.reopen();
  CHECK(place.put_and_commit(owner_of(3), text).pieces[0].id == expected);
  CHECK(place.content->metrics().pieces_shared == 1);
  CHECK(place.read(owner_of(1), stored).value() == text);
  // A version names its piece beside its SHA-256.
  model::VersionRecord version;
  version.number = 1;
  version.size_bytes = text.size();
  version.sha256 = stored.sha256;
  version.content.kind = model::ContentKind::piece;
  version.content.piece = expected;
  CHECK(model::decode_version(model::encode(version)).value().content.piece == expected);
}

TEST_CASE("sealed pieces: equal content is stored once in a vault, and never shared by two") {
  std::mt19937_64 random(test::seed());
  Place place;
  place.encrypt();
  const std::string text = mixed_text(random, 7 * kMiB);
  const content::Stored first = place.put_and_commit(owner_of(1), text);
  const std::uint64_t once = place.content->metrics().bytes_written;
  const content::Stored second = place.put_and_commit(owner_of(2), text);
  CHECK(place.content->metrics().bytes_written == once);
  CHECK(second.pieces == first.pieces);
  const content::Stored other = place.put_and_commit(owner_of(3, "university"), text);
  CHECK(place.content->metrics().bytes_written == 2 * once);
  CHECK(other.pieces[0].id != first.pieces[0].id);
  CHECK(other.sha256 == first.sha256);
  // Not even by who knows the id.
  CHECK(place.content->adopt(owner_of(3, "university"), std::vector{first.pieces[0].id}).code() ==
        Code::aborted);
  CHECK(place.content->adopt(owner_of(3), std::vector{first.pieces[0].id}).ok());
  REQUIRE(place.store->catch_up().ok());
  CHECK(place.content->holds(*place.store->durable(), owner_of(3), first.pieces[0].id).value());
  CHECK(place.read(owner_of(3, "university"), first).code() == Code::corruption);
}

TEST_CASE("sealed pieces: the same bytes are never sealed alike") {
  std::mt19937_64 random(test::seed());
  Place place(false);
  place.encrypt();
  const std::string text = random_text(random, 50'000);
  place.put_and_commit(owner_of(1), text);
  const std::string name = place.blobs.list("", "", 1).value().at(0).name;
  const auto before = place.blobs.get(name, 1 << 20).value();
  REQUIRE(place.blobs.remove(name).ok());
  const content::Stored again = place.put_and_commit(owner_of(1), text);
  REQUIRE(place.blob_count() == 1);
  const auto after =
      place.blobs.get(place.blobs.list("", "", 1).value().at(0).name, 1 << 20).value();
  REQUIRE(before.size() == after.size());
  CHECK(!std::equal(before.begin() + content::kFrameHeaderBytes, before.end(),
                    after.begin() + content::kFrameHeaderBytes));
  CHECK(content::decode_frame_header(before)->salt != content::decode_frame_header(after)->salt);
  CHECK(place.read(owner_of(1), again).value() == text);
}

// An object of a place, and what a reader says when it holds other bytes.
struct Attacked {
  Attacked() {
    place.encrypt();
    text = random_text(random, 700'000);  // three frames
    stored = place.put_and_commit(owner_of(1), text);
    name = place.blobs.list("", "", 1).value().at(0).name;
    good = place.blobs.get(name, 1 << 30).value();
  }

  Code read_with(const std::vector<std::uint8_t>& bytes) {
    REQUIRE(place.blobs.put(name, bytes).ok());
    const Code code = place.read(owner_of(1), stored).code();
    REQUIRE(place.blobs.put(name, good).ok());
    return code;
  }
  // By somebody who makes all digests anew, as they need no key.
  Code read_forged(
      const std::function<void(content::FrameHeader&, std::vector<std::uint8_t>&)>& change,
      std::uint32_t frame = 0) {
    std::vector<std::uint8_t> bytes = good;
    const std::size_t at = frame * (content::kFrameHeaderBytes + kFrameBytesMax);
    auto header = content::decode_frame_header(Bytes(bytes).subspan(at)).value();
    const std::size_t begin = at + content::kFrameHeaderBytes;
    std::vector<std::uint8_t> body(bytes.begin() + std::ptrdiff_t(begin),
                                   bytes.begin() + std::ptrdiff_t(begin + header.stored_bytes));
    change(header, body);
    header.digest = xxh3_128(body);
    content::encode_frame_header(header, bytes.data() + at);
    std::copy(body.begin(), body.end(), bytes.begin() + std::ptrdiff_t(begin));
    return read_with(bytes);
  }

  std::mt19937_64 random{test::seed()};
  Place place{false};
  std::string text, name;
  content::Stored stored;
  std::vector<std::uint8_t> good;
};

TEST_CASE("sealed pieces: flipped, cut, swapped and forged frames are refused") {
  Attacked attacked;
  const auto unchanged = [](content::FrameHeader&, std::vector<std::uint8_t>&) {};
  CHECK(attacked.read_forged(unchanged) == Code::ok);
  for (int round = 0; round < 30; ++round) {
    const std::size_t at = attacked.random() % attacked.good.size();
    std::vector<std::uint8_t> flipped = attacked.good;
    flipped[at] ^= static_cast<std::uint8_t>(1u << (round % 8));
    const Code code = attacked.read_with(flipped);
    const bool told = code == Code::corruption || code == Code::unsupported;
    CHECK(told);
  }
  std::vector<std::uint8_t> cut = attacked.good;
  cut.pop_back();
  CHECK(attacked.read_with(cut) == Code::corruption);
  CHECK(attacked.read_forged([](auto&, auto& body) { body[9] ^= 1; }, 1) == Code::corruption);
  CHECK(attacked.read_forged([](auto& header, auto&) { header.salt[0] ^= 1; }) == Code::corruption);
  CHECK(attacked.read_forged([](auto& header, auto&) { header.tag[0] ^= 1; }) == Code::corruption);
  CHECK(attacked.read_forged([](auto& header, auto&) { header.generation = 2; }) ==
        Code::corruption);
  // The bytes of another frame, under its own header moved here and under this one.
  const std::size_t second = content::kFrameHeaderBytes + kFrameBytesMax;
  CHECK(attacked.read_forged([&](auto& header, auto& body) {
    header = content::decode_frame_header(Bytes(attacked.good).subspan(second)).value();
    std::copy_n(attacked.good.begin() + std::ptrdiff_t(second + content::kFrameHeaderBytes),
                body.size(), body.begin());
    header.position = 0;
  }) == Code::corruption);
  CHECK(attacked.read_forged([&](auto&, auto& body) {
    std::copy_n(attacked.good.begin() + std::ptrdiff_t(second + content::kFrameHeaderBytes),
                body.size(), body.begin());
  }) == Code::corruption);
}

TEST_CASE("sealed pieces: frames of another vault or from earlier do not pass for others") {
  Attacked attacked;
  Place& place = attacked.place;
  // The same content in another vault, under headers that claim to be of this one.
  place.put_and_commit(owner_of(2, "university"), attacked.text);
  const std::string other = place.blobs.list("", attacked.name, 1).value().at(0).name;
  const std::vector<std::uint8_t> foreign = place.blobs.get(other, 1 << 30).value();
  REQUIRE(foreign.size() == attacked.good.size());
  CHECK(attacked.read_with(foreign) == Code::corruption);
  CHECK(attacked.read_forged([&](auto& header, auto& body) {
    const auto theirs = content::decode_frame_header(foreign).value();
    header.salt = theirs.salt;
    header.tag = theirs.tag;
    std::copy_n(foreign.begin() + content::kFrameHeaderBytes, body.size(), body.begin());
  }) == Code::corruption);
}

// As somebody can make it who has the rows and the blobs, and no key.
TEST_CASE(
    "sealed pieces: plain frames are not taken in an encrypted vault, nor sealed in a plain") {
  Attacked attacked;
  Place& place = attacked.place;
  content::PieceBuffer buffer(kPieceBytesMax);
  buffer.append(as_bytes(random_text(attacked.random, attacked.text.size())));
  const model::PieceId& piece = attacked.stored.pieces[0].id;
  const model::PieceRow sealed = sealed_row_of(place, piece);
  buffer.seal(kSchoolVault, piece, nullptr);
  const std::vector<std::uint8_t> plain(buffer.stored().begin(), buffer.stored().end());
  CHECK(attacked.read_with(plain) == Code::corruption);
  put_piece_row(place, piece, buffer.row_at(sealed.place));
  CHECK(attacked.read_with(plain) == Code::corruption);
  // Who stores the same again makes it good.
  REQUIRE(place.blobs.put(attacked.name, plain).ok());
  CHECK(visited(place, false)[piece].bytes == Code::corruption);
  CHECK(visited(place, true)[piece].bytes == Code::corruption);
  place.put_and_commit(owner_of(1), attacked.text);
  CHECK(place.read(owner_of(1), attacked.stored).value() == attacked.text);

  Place other(false);
  const content::Stored stored = other.put_and_commit(owner_of(1), attacked.text);
  const model::PieceId& id = stored.pieces[0].id;
  content::PieceBuffer theirs(kPieceBytesMax);
  theirs.append(as_bytes(attacked.text));
  const std::string key(kKeyBytes, 'k');
  content::FrameSealer sealer({1, as_bytes(key)}, kSchoolVault, id, {});
  theirs.seal(kSchoolVault, id, nullptr, &sealer);
  REQUIRE(other.blobs.put(other.blobs.list("", "", 1).value().at(0).name, theirs.stored()).ok());
  CHECK(other.read(owner_of(1), stored).code() == Code::corruption);
  put_piece_row(other, id, theirs.row_at(sealed_row_of(other, id).place));
  CHECK(other.read(owner_of(1), stored).code() == Code::corruption);
  CHECK(visited(other, false)[id].bytes == Code::corruption);
}

TEST_CASE("sealed pieces: without keys nothing is read or stored, and damage is still told") {
  std::mt19937_64 random(test::seed());
  Place place(false);
  place.encrypt();
  const std::string text = random_text(random, 2 * kMiB), lost_text = random_text(random, 900'000);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const content::Stored lost = place.put_and_commit(owner_of(1), lost_text);
  const content::Stored damaged = place.put_and_commit(owner_of(1), random_text(random, 900'000));
  const std::string name = place.blobs.list("", "", 10).value().at(2).name;
  auto bytes = place.blobs.get(name, 1 << 30).value();
  bytes[bytes.size() - 1] ^= 1;
  REQUIRE(place.blobs.put(name, bytes).ok());
  const KeyProviderPtr provider = place.provider;
  for (const bool other_file : {false, true}) {
    if (other_file) {
      // The secret of the vault is gone, as on a copy of the metadata alone.
      place.provider = provider;
      std::filesystem::rename(place.folder / "vaults", place.folder / "aside");
    } else {
      place.provider = nullptr;
    }
    place.reopen();
    CHECK(place.read(owner_of(1), stored).code() == Code::key_unavailable);
    CHECK(place.try_store(owner_of(1), text).code() == Code::key_unavailable);
    CHECK(place.content->adopt(owner_of(2), std::vector{stored.pieces[0].id}).code() ==
          Code::key_unavailable);
    auto states = visited(place, true);
    CHECK(states[stored.pieces[0].id].bytes == Code::ok);
    CHECK_FALSE(states[stored.pieces[0].id].opened);
    CHECK(states[damaged.pieces[0].id].bytes == Code::corruption);
    std::string position;
    std::size_t scrubbed = 0, bad = 0;
    while (const auto state = place.content->read_next(*place.store->durable(), position).value()) {
      ++scrubbed;
      bad += state->bytes.ok() ? 0 : 1;
      CHECK_FALSE(state->opened);
    }
    CHECK(scrubbed == 3);
    CHECK(bad == 1);
    CHECK(place.content->metrics().corruptions == 0);
  }
  std::filesystem::remove_all(place.folder / "vaults");
  std::filesystem::rename(place.folder / "aside", place.folder / "vaults");
  place.reopen();
  CHECK(place.read(owner_of(1), stored).value() == text);
  place.forget(owner_of(1), lost);
  place.provider = nullptr;
  place.reopen();
  CHECK(place.collect().removed == 1);  // which needs no keys
}

TEST_CASE("sealed pieces: another key, as of a vault that was made anew, opens nothing") {
  std::mt19937_64 random(test::seed());
  Place place;
  place.encrypt();
  const std::string text = random_text(random, 50'000);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const auto take_out_keys = [&] {
    const kv::Answer answer = place.store->update(
        {model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
          transaction.erase(kv::Family::content, model::vault_keys_key(kSchoolVault));
          return kv::Commit{};
        });
    REQUIRE(place.store->wait(answer.ticket).ok());
    place.reopen();
  };
  take_out_keys();
  CHECK(place.read(owner_of(1), stored).code() == Code::key_unavailable);
  CHECK_FALSE(visited(place, true).at(stored.pieces[0].id).opened);
  const content::Stored anew = place.put_and_commit(owner_of(1), text);
  CHECK(anew.pieces[0].id != stored.pieces[0].id);
  CHECK(place.read(owner_of(1), stored).code() == Code::corruption);
  CHECK(place.read(owner_of(1), anew).value() == text);
}

TEST_CASE("sealed pieces: of a destroyed vault nothing is read, and all is collected") {
  std::mt19937_64 random(test::seed());
  Place place;
  place.encrypt();
  const std::string text = random_text(random, 3 * kMiB);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const content::Stored other = place.put_and_commit(owner_of(2, "university"), text);
  auto source = place.try_source(owner_of(1), stored).value();
  auto upload = place.content->upload(owner_of(1), 0, nullptr);
  REQUIRE(upload->append(as_bytes(random_text(random, 100'000))).ok());
  REQUIRE(place.keys->destroy(kSchoolVault).ok());
  std::vector<std::uint8_t> out(100);
  CHECK(source->read_at(2 * kMiB, out).code() == Code::key_unavailable);
  CHECK(upload->finish().code() == Code::key_unavailable);
  upload.reset();
  source.reset();
  for (const bool reopened : {false, true}) {
    if (reopened) place.reopen();
    CHECK(place.read(owner_of(1), stored).code() == Code::key_unavailable);
    CHECK(place.try_store(owner_of(1), text).code() == Code::key_unavailable);
    CHECK(place.read(owner_of(2, "university"), other).value() == text);
    auto states = visited(place, true);
    CHECK_FALSE(states[stored.pieces[0].id].opened);
    CHECK(states[other.pieces[0].id].opened);
  }
  place.forget(owner_of(1), stored);
  CHECK(place.collect().removed == 1);
  CHECK(visited(place, false).count(stored.pieces[0].id) == 0);
  CHECK(place.blob_count() == 1);
}

TEST_CASE("sealed pieces: a damaged row of keys stops its own vault only") {
  std::mt19937_64 random(test::seed());
  Place place;
  place.encrypt();
  const std::string text = random_text(random, 50'000);
  const content::Stored stored = place.put_and_commit(owner_of(1), text);
  const content::Stored other = place.put_and_commit(owner_of(2, "university"), text);
  const kv::Answer answer = place.store->update(
      {model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        transaction.put(kv::Family::content, model::vault_keys_key(kSchoolVault), "nonsense");
        return kv::Commit{};
      });
  REQUIRE(place.store->wait(answer.ticket).ok());
  place.reopen();
  CHECK(place.read(owner_of(1), stored).code() == Code::key_unavailable);
  CHECK(place.try_store(owner_of(1), text).code() == Code::key_unavailable);
  CHECK(place.read(owner_of(2, "university"), other).value() == text);
}

TEST_CASE("sealed pieces: a new data key seals what comes, and dedup goes on") {
  std::mt19937_64 random(test::seed());
  Place place;
  place.encrypt();
  const std::string old_text = random_text(random, 60'000), new_text = random_text(random, 60'000);
  const content::Stored before = place.put_and_commit(owner_of(1), old_text);
  CHECK(place.keys->rotate_data_key(kSchoolVault).value() == 2);
  const content::Stored after = place.put_and_commit(owner_of(1), new_text);
  CHECK(sealed_row_of(place, before.pieces[0].id).generation == 1);
  CHECK(sealed_row_of(place, after.pieces[0].id).generation == 2);
  const content::Stored again = place.put_and_commit(owner_of(2), old_text);
  CHECK(again.pieces == before.pieces);
  CHECK(place.content->metrics().pieces_shared == 1);
  for (const bool reopened : {false, true}) {
    if (reopened) place.reopen();
    CHECK(place.read(owner_of(1), before).value() == old_text);
    CHECK(place.read(owner_of(1), after).value() == new_text);
  }
}

TEST_CASE("sealed pieces: a crash leaves what the collector takes away, and packs move sealed") {
  std::mt19937_64 random(test::seed());
  Place place;
  place.encrypt();
  std::vector<std::pair<content::Stored, std::string>> live;
  for (int i = 0; i < 60; ++i) {
    std::string text = random_text(random, 60'000 + std::size_t(i) * 100);
    const content::Stored stored = place.put_and_commit(owner_of(1), text);
    if (i % 10 == 0)
      live.emplace_back(stored, std::move(text));
    else
      place.forget(owner_of(1), stored);
  }
  place.put(owner_of(2), random_text(random, 2 * kMiB));  // never committed
  place.provider = nullptr;                               // which moving does not need
  place.crash_and_open();
  std::uint64_t moved = 0;
  for (int round = 0; round < 4; ++round) moved += place.collect().pieces_moved;
  CHECK(moved >= live.size());
  CHECK(place.blob_count() == 0);
  place.provider = key_file(place.folder / "keys").value();
  place.reopen();
  for (const auto& [stored, text] : live) CHECK(place.read(owner_of(1), stored).value() == text);
}

TEST_CASE("sealed pieces: many threads, in a small budget, lose nothing") {
  Place place(true, 12 << 20);
  place.encrypt();
  std::mt19937_64 random(test::seed());
  std::vector<std::string> texts;
  for (const std::size_t size : {50'000u, 400'000u, 3'000'000u, 20'000'000u})
    texts.push_back(mixed_text(random, size));
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (std::uint8_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 6; ++i) {
        const std::string& text = texts[(t + i) % texts.size()];
        const auto stored = place.try_store(owner_of(t), text);
        if (!stored.ok() || place.content->metrics().memory_bytes > (12u << 20)) ++failed;
        // Each space has room for one manifest.
        if (!stored.ok() || stored->pieces.size() > 1) continue;
        if (!place.commit(owner_of(t), *stored).ok() ||
            place.read(owner_of(t), *stored).value() != text)
          ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
}

}  // namespace
}  // namespace spind
