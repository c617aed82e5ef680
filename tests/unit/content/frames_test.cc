// Frames: how a piece is laid out, and that nothing else is taken for one.
#include "content/frames.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "base/codec.h"
#include "base/hash.h"
#include "support/harness.h"

namespace spind::content {
namespace {

std::string random_frames(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

// Of which much can be saved: words out of a short list.
std::string prose(std::mt19937_64& random, std::size_t size) {
  constexpr std::array<std::string_view, 6> kWords{"Spind ",   "Schule ", "Heft ",
                                                   "Aufgabe ", "Klasse ", "Zeugnis "};
  std::string text;
  while (text.size() < size) text += kWords[random() % kWords.size()];
  text.resize(size);
  return text;
}

const model::VaultId kVault = model::vault_of("school");

// What a reader gets out of stored frames that its row describes.
std::string read_back(const model::PieceRow& row, Bytes stored, FrameCodec& codec) {
  const FrameLayout layout = FrameLayout::of(row).value();
  CHECK(layout.size() == stored.size());
  std::string text;
  for (std::uint32_t position = 0; position < layout.count(); ++position) {
    const Bytes frame = stored.subspan(static_cast<std::size_t>(layout.begin(position)));
    const FrameHeader header = decode_frame_header(frame).value();
    CHECK(layout.agrees(header, position));
    CHECK(header.vault == kVault);
    const Bytes bytes = frame.subspan(header.header_bytes(), header.stored_bytes);
    CHECK(header.digest == xxh3_128(bytes));
    std::vector<std::uint8_t> place(header.size_bytes);
    std::copy(bytes.begin(), bytes.end(), place.begin());
    if (header.compressed) CHECK(codec.grow(place, bytes.size()).ok());
    text.append(as_text(place));
  }
  return text;
}

PieceBuffer buffer_of(std::string_view text, std::mt19937_64& random, FrameCodec* codec) {
  PieceBuffer buffer(text.size() + 10);
  for (std::size_t at = 0; at < text.size();)
    at += buffer.append(
        as_bytes(text).subspan(at, std::min<std::size_t>(text.size() - at, random() % 300'000)));
  buffer.seal(kVault, sha256(as_bytes(text)), codec);
  return buffer;
}

TEST_CASE("frames: a piece is laid out as it was appended, in any parts, compressed or not") {
  std::mt19937_64 random(test::seed());
  FrameCodec codec(16 << 20);
  for (const std::size_t size : {std::size_t{1}, std::size_t{100}, kFrameBytesMax,
                                 kFrameBytesMax + 1, std::size_t{700'000}}) {
    CAPTURE(size);
    // Of the mixed one some frames shrink and others do not.
    std::string mixed = random_frames(random, size);
    for (std::size_t at = kFrameBytesMax; at < size; at += 2 * kFrameBytesMax)
      mixed.replace(at, kFrameBytesMax, prose(random, std::min(kFrameBytesMax, size - at)));
    for (const std::string& text : {random_frames(random, size), prose(random, size), mixed}) {
      for (FrameCodec* with : {static_cast<FrameCodec*>(nullptr), &codec}) {
        const PieceBuffer buffer = buffer_of(text, random, with);
        CHECK(buffer.size() == size);
        CHECK_FALSE(buffer.full());
        if (with == nullptr) CHECK(buffer.stored().size() == stored_size(size));
        CHECK(buffer.stored().size() <= stored_size(size));
        const model::PieceRow row = buffer.row_at({model::BlobPlace::Kind::pack, 7, 8});
        CHECK(row.place.offset == 8);
        CHECK(row.size_bytes == size);
        CHECK(read_back(row, buffer.stored(), codec) == text);
      }
    }
  }
}

TEST_CASE("frames: what saves a twentieth is compressed, and nothing else") {
  std::mt19937_64 random(test::seed());
  FrameCodec codec(16 << 20);
  const std::string noise = random_frames(random, kFrameBytesMax);
  CHECK(buffer_of(noise, random, &codec).stored().size() == stored_size(noise.size()));
  // A frame of which so many percent are zeros.
  for (const std::size_t percent : {2u, 4u, 7u, 50u}) {
    CAPTURE(percent);
    std::string text = noise;
    text.replace(0, text.size() / 100 * percent, text.size() / 100 * percent, '\0');
    const std::size_t stored = buffer_of(text, random, &codec).stored().size() - kFrameHeaderBytes;
    if (percent < 5)
      CHECK(stored == text.size());
    else
      CHECK(stored <= text.size() / 100 * (100 - percent + 1));
  }
}

TEST_CASE("frames: a full buffer takes no more, and a larger one takes over what it has") {
  PieceBuffer small(10), large(20);
  CHECK(small.append(as_bytes("0123456789abc")) == 10);
  CHECK(small.full());
  CHECK(small.append(as_bytes("x")) == 0);
  large.take_over(small);
  CHECK(large.append(as_bytes("abc")) == 3);
  large.seal({}, {}, nullptr);
  CHECK(as_text(large.stored().subspan(kFrameHeaderBytes)) == "0123456789abc");
  large.clear();
  CHECK(large.size() == 0);
}

TEST_CASE("frames: a buffer that was sealed and cleared is filled anew") {
  std::mt19937_64 random(test::seed());
  FrameCodec codec(16 << 20);
  PieceBuffer buffer(700'000);
  for (int round = 0; round < 3; ++round) {
    const std::string text = prose(random, 700'000 - std::size_t(round));
    buffer.append(as_bytes(text));
    buffer.seal(kVault, {}, &codec);
    CHECK(read_back(buffer.row_at({}), buffer.stored(), codec) == text);
    buffer.clear();
  }
}

void refuses_every_change(const FrameHeader& header) {
  std::vector<std::uint8_t> bytes(header.header_bytes());
  encode_frame_header(header, bytes.data());
  REQUIRE(decode_frame_header(bytes).ok());
  CHECK(decode_frame_header(bytes).value() == header);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1u << (bit % 8)));
    CHECK_FALSE(decode_frame_header(bytes).ok());
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1u << (bit % 8)));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(decode_frame_header(Bytes(bytes).first(size)).code() == Code::corruption);
}

FrameHeader header_of(std::uint8_t format, std::uint32_t stored_bytes = 5) {
  FrameHeader header{.format = format,
                     .compressed = stored_bytes < 5,
                     .size_bytes = 5,
                     .stored_bytes = stored_bytes,
                     .piece_bytes = 5};
  header.piece_stored_bytes = static_cast<std::uint32_t>(header.header_bytes()) + stored_bytes;
  return header;
}

TEST_CASE("frames: a header that is changed or cut is refused") {
  refuses_every_change(header_of(1));
  refuses_every_change(header_of(2));
  refuses_every_change(header_of(2, 3));
  FrameHeader sealed = header_of(2);
  sealed.generation = 3;
  sealed.salt[0] = sealed.tag[15] = 1;
  refuses_every_change(sealed);
}

Code code_of(const FrameHeader& header) {
  std::array<std::uint8_t, kFrameHeaderBytes> bytes{};
  encode_frame_header(header, bytes.data());
  return decode_frame_header(bytes).code();
}

TEST_CASE("frames: a header with a right checksum and wrong numbers is refused") {
  using Change = void (*)(FrameHeader&);
  for (const Change change : {Change{[](FrameHeader& header) { header.size_bytes = 4; }},
                              Change{[](FrameHeader& header) { header.position = 1; }},
                              Change{[](FrameHeader& header) { header.piece_bytes = 0; }},
                              Change{[](FrameHeader& header) { header.piece_bytes = 0xffffffff; }},
                              Change{[](FrameHeader& header) { header.stored_bytes = 6; }},
                              Change{[](FrameHeader& header) { header.stored_bytes = 0; }},
                              Change{[](FrameHeader& header) { header.stored_bytes = 4; }},
                              Change{[](FrameHeader& header) { header.compressed = true; }},
                              Change{[](FrameHeader& header) { header.salt[3] = 1; }},
                              Change{[](FrameHeader& header) { header.tag[3] = 1; }},
                              Change{[](FrameHeader& header) { --header.piece_stored_bytes; }},
                              Change{[](FrameHeader& header) { ++header.piece_stored_bytes; }}}) {
    FrameHeader header = header_of(2);
    REQUIRE(code_of(header) == Code::ok);
    change(header);
    CHECK(code_of(header) == Code::corruption);
  }
  // 256 KiB that would become more than a frame can hold.
  FrameHeader bomb = header_of(2);
  bomb.piece_bytes = bomb.size_bytes = 1 << 30;
  bomb.compressed = true;
  CHECK(code_of(bomb) == Code::corruption);
  std::string text(kFrameHeaderBytes - kSealBytes, '\0');
  text.replace(0, 5, "SPFR\x03");
  seal(text);
  CHECK(decode_frame_header(as_bytes(text)).code() == Code::unsupported);
}

TEST_CASE("frames: a row that contradicts itself tells no layout") {
  using model::PieceRow;
  CHECK(FrameLayout::of({{}, 5, 101, {}}).ok());
  CHECK(FrameLayout::of({{}, 5, 133, {5}}).ok());
  for (const PieceRow& row :
       {PieceRow{{}, 5, 102, {}}, PieceRow{{}, 5, 134, {5}}, PieceRow{{}, 5, 134, {6}},
        PieceRow{{}, 5, 266, {5, 5}}, PieceRow{{}, kFrameBytesMax + 1, 133, {5}}})
    CHECK(FrameLayout::of(row).code() == Code::corruption);
}

TEST_CASE("frames: whatever is decompressed fills its place and not a byte more") {
  std::mt19937_64 random(test::seed());
  FrameCodec codec(16 << 20);
  const std::string zeros(kFrameBytesMax, '\0');
  std::vector<std::uint8_t> shrunk(kFrameBytesMax);
  shrunk.resize(codec.shrink(as_bytes(zeros), shrunk.data()));
  REQUIRE(shrunk.size() > 0);
  REQUIRE(shrunk.size() < 1000);
  // A few bytes that say that they are 256 KiB, in a place of 1,000.
  std::vector<std::uint8_t> memory(2000, 7);
  std::copy(shrunk.begin(), shrunk.end(), memory.begin());
  CHECK(codec.grow(std::span(memory).first(1000), shrunk.size()).code() == Code::corruption);
  CHECK(std::all_of(memory.begin() + 1000, memory.end(), [](std::uint8_t b) { return b == 7; }));

  std::vector<std::uint8_t> place(kFrameBytesMax);
  const auto grow = [&](Bytes bytes) {
    std::copy(bytes.begin(), bytes.end(), place.begin());
    return codec.grow(place, bytes.size());
  };
  REQUIRE(grow(shrunk).ok());
  CHECK(as_text(place) == zeros);
  for (std::size_t size = 0; size < shrunk.size(); ++size)
    CHECK(grow(Bytes(shrunk).first(size)).code() == Code::corruption);
  // Less than the place holds.
  std::vector<std::uint8_t> little(1000);
  little.resize(codec.shrink(as_bytes(zeros).first(1000), little.data()));
  CHECK(grow(little).code() == Code::corruption);
  CHECK(codec.grow(std::span(place).first(10), 11).code() == Code::corruption);
  for (int round = 0; round < 200; ++round) {
    const std::string noise = random_frames(random, random() % 500);
    CHECK(grow(as_bytes(noise)).code() == Code::corruption);
  }
}

TEST_CASE("frames: many threads share the benches that there are, and their memory is bounded") {
  FrameCodec codec(0);
  CHECK(codec.memory_bytes() == 0);
  CHECK(codec.memory_bytes_max() == FrameCodec::kBenchBytes);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 8; ++seed)
    threads.emplace_back([&codec, &wrong, seed] {
      std::mt19937_64 random(seed);
      for (int round = 0; round < 10; ++round) {
        const std::string text = prose(random, 50'000);
        std::vector<std::uint8_t> place(text.size());
        const std::size_t shrunk = codec.shrink(as_bytes(text), place.data());
        const bool right = shrunk != 0 && codec.grow(place, shrunk).ok() && as_text(place) == text;
        if (!right) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(codec.memory_bytes() == FrameCodec::kBenchBytes);
}

}  // namespace
}  // namespace spind::content
