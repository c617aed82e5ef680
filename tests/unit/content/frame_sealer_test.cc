// Sealed frames: who has the key gets what was sealed, and nothing else is taken for it.
#include "content/frame_sealer.h"

#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <vector>

#include "base/codec.h"
#include "base/hash.h"
#include "support/harness.h"

namespace spind::content {
namespace {

const std::string kSchoolKey(kKeyBytes, 's'), kOtherKey(kKeyBytes, 'o');
const model::VaultId kSealedVault = model::vault_of("school");

FrameSalt salt_of(std::uint8_t first) {
  FrameSalt salt{};
  salt[0] = first;
  return salt;
}

// A piece of three frames, of which the first and the last are compressed.
std::string sealed_text() {
  std::mt19937_64 random(7);
  std::string text(kFrameBytesMax, 'a');
  for (std::size_t i = 0; i < kFrameBytesMax; ++i) text.push_back(static_cast<char>(random()));
  return text + "the end of an essay, the end of an essay, the end of an essay, the end";
}

struct SealedFrame {
  FrameHeader header;
  std::string bytes;
};

struct Sealing {
  std::string text = sealed_text();
  model::VaultId vault = kSealedVault;
  std::string key = kSchoolKey;
  std::uint32_t generation = 1;
  FrameSalt salt = salt_of(1);

  model::PieceId piece() const { return sha256(as_bytes(text)); }
  FrameSealer sealer() const { return {{generation, as_bytes(key)}, vault, piece(), salt}; }

  std::string stored() const {
    FrameCodec codec(0);
    PieceBuffer buffer(text.size());
    buffer.append(as_bytes(text));
    FrameSealer with = sealer();
    buffer.seal(vault, piece(), &codec, &with);
    return std::string(as_text(buffer.stored()));
  }
  std::vector<SealedFrame> frames() const {
    std::vector<SealedFrame> all;
    const std::string bytes = stored();
    for (std::size_t at = 0; at < bytes.size();) {
      const FrameHeader header = decode_frame_header(as_bytes(bytes).subspan(at)).value();
      all.push_back({header, bytes.substr(at + kFrameHeaderBytes, header.stored_bytes)});
      at += kFrameHeaderBytes + header.stored_bytes;
    }
    return all;
  }
};

// Of a frame with the key of the header's piece, as a reader takes it.
Code open_with_key(const std::string& key, const FrameHeader& header, std::string bytes,
                   std::string* out = nullptr) {
  FrameSealer sealer({header.generation, as_bytes(key)}, header.vault, header.piece, header.salt);
  const Status opened =
      sealer.open(header, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  if (!opened.ok()) CHECK(bytes == std::string(bytes.size(), '\0'));
  if (out != nullptr) *out = bytes;
  return opened.code();
}

Code open_sealed(const FrameHeader& header, const std::string& bytes) {
  return open_with_key(kSchoolKey, header, bytes);
}

TEST_CASE("sealed frames: come back as they went in, and show nothing without the key") {
  const Sealing sealing;
  FrameCodec codec(0);
  std::string back;
  for (const SealedFrame& frame : sealing.frames()) {
    CHECK(frame.header.generation == 1);
    CHECK(frame.header.salt == sealing.salt);
    CHECK(frame.header.digest == xxh3_128(as_bytes(frame.bytes)));
    std::string plain;
    REQUIRE(open_with_key(kSchoolKey, frame.header, frame.bytes, &plain) == Code::ok);
    CHECK(plain != frame.bytes);
    plain.resize(frame.header.size_bytes);
    if (frame.header.compressed)
      REQUIRE(codec
                  .grow({reinterpret_cast<std::uint8_t*>(plain.data()), plain.size()},
                        frame.header.stored_bytes)
                  .ok());
    back += plain;
  }
  CHECK(back == sealing.text);
  const std::string stored = sealing.stored();
  CHECK(stored.find("aaaaaaaa") == std::string::npos);
  CHECK(stored.find("essay") == std::string::npos);
  CHECK(stored.find(sealing.text.substr(kFrameBytesMax, 16)) == std::string::npos);
}

TEST_CASE("sealed frames: any changed bit of the bytes or of the header is refused") {
  const SealedFrame frame = Sealing().frames().at(2);
  REQUIRE(open_sealed(frame.header, frame.bytes) == Code::ok);
  for (std::size_t bit = 0; bit < frame.bytes.size() * 8; ++bit) {
    std::string changed = frame.bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    CHECK(open_sealed(frame.header, changed) == Code::corruption);
  }
  // Of the header by somebody who makes its checksum anew. The digest is not sealed: it tells
  // damage.
  std::string header(kFrameHeaderBytes, '\0');
  encode_frame_header(frame.header, reinterpret_cast<std::uint8_t*>(header.data()));
  header.resize(kFrameHeaderBytes - kSealBytes);
  std::size_t decoded = 0;
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    if (bit / 8 >= 72 && bit / 8 < 88) continue;
    CAPTURE(bit / 8);
    std::string changed = header;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    seal(changed);
    const auto other = decode_frame_header(as_bytes(changed));
    if (!other.ok()) continue;
    ++decoded;
    std::string bytes = frame.bytes;
    bytes.resize(other->stored_bytes);
    CHECK(open_sealed(*other, bytes) == Code::corruption);
  }
  CHECK(decoded > 400);
}

TEST_CASE("sealed frames: swapped, cut and replayed ones are refused, and those of another vault") {
  const Sealing sealing;
  const std::vector<SealedFrame> frames = sealing.frames();
  const auto refused = [&](std::size_t at, const std::function<void(FrameHeader&)>& claim,
                           const std::string& bytes) {
    FrameHeader header = frames[at].header;
    claim(header);
    return open_sealed(header, bytes) == Code::corruption;
  };
  const auto as_it_is = [](FrameHeader&) {};
  // The bytes of one frame under the header of another, and a whole frame at another position.
  CHECK(refused(0, as_it_is, frames[2].bytes));
  CHECK(refused(
      0, [](FrameHeader& header) { header.position = 1; }, frames[0].bytes));
  // Cut, and said to be so.
  CHECK(refused(1, as_it_is, frames[1].bytes.substr(0, frames[1].bytes.size() - 1)));
  CHECK(refused(
      2, [](FrameHeader& header) { --header.stored_bytes; },
      frames[2].bytes.substr(0, frames[2].bytes.size() - 1)));
  // For another piece, another vault, another generation.
  CHECK(refused(
      2, [](FrameHeader& header) { header.piece[31] ^= 1; }, frames[2].bytes));
  CHECK(refused(
      2, [](FrameHeader& header) { header.vault = model::vault_of("university"); },
      frames[2].bytes));
  CHECK(refused(
      2, [](FrameHeader& header) { header.generation = 2; }, frames[2].bytes));
  // From when the same piece was stored before, under the header of now and the other way round.
  Sealing before = sealing;
  before.salt = salt_of(2);
  const std::vector<SealedFrame> earlier = before.frames();
  CHECK(refused(2, as_it_is, earlier[2].bytes));
  CHECK(refused(
      2, [&](FrameHeader& header) { header.salt = before.salt; }, frames[2].bytes));
  // With another key.
  CHECK(open_with_key(kOtherKey, frames[2].header, frames[2].bytes) == Code::corruption);
}

TEST_CASE("sealed frames: no two of them are sealed alike") {
  Sealing sealing;
  sealing.text = std::string(2 * kFrameBytesMax, 'a');  // frames of equal bytes
  const std::vector<SealedFrame> frames = sealing.frames();
  CHECK(frames[0].bytes != frames[1].bytes);
  Sealing again = sealing;
  again.salt = salt_of(2);
  CHECK(again.frames()[0].bytes != frames[0].bytes);
  again = sealing;
  again.vault = model::vault_of("university");
  CHECK(again.frames()[0].bytes != frames[0].bytes);
  CHECK(sealing.frames()[0].bytes == frames[0].bytes);
}

TEST_CASE("sealed frames: a sealer fits its own piece as it was stored once") {
  const Sealing sealing;
  const FrameSealer sealer = sealing.sealer();
  const FrameHeader header = sealing.frames()[0].header;
  CHECK(sealer.fits(header));
  for (const auto& change : std::vector<std::function<void(FrameHeader&)>>{
           [](FrameHeader& other) { other.generation = 2; },
           [](FrameHeader& other) { other.salt[11] = 9; },
           [](FrameHeader& other) { other.piece[0] ^= 1; },
           [](FrameHeader& other) { other.vault[0] ^= 1; }}) {
    FrameHeader other = header;
    change(other);
    CHECK_FALSE(sealer.fits(other));
  }
}

}  // namespace
}  // namespace spind::content
