#include "base/hash.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "base/hex.h"
#include "support/harness.h"

namespace spind {
namespace {

std::string hash_of(HashKind kind, std::string_view text) {
  Hasher hasher(kind);
  hasher.update(as_bytes(text));
  return to_hex(hasher.finish());
}

TEST_CASE("hash: known answers") {
  CHECK(to_hex(Bytes(sha256(as_bytes("abc")))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(Bytes(sha256({}))) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash_of(HashKind::sha1, "abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hash_of(HashKind::md5, "abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(hash_of(HashKind::adler32, "Wikipedia") == "11e60398");
  CHECK(hash_of(HashKind::adler32, "") == "00000001");
  CHECK(xxh3_64({}) == 0x2d06800538d394c2u);
  CHECK(to_hex(Bytes(xxh3_128({}))) == "99aa06d3014798d86001c324468d497f");
}

TEST_CASE("hash: parts give what the whole gives") {
  std::mt19937_64 random(test::seed());
  std::string text(100'000, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  Sha256Hasher parts;
  Hasher sha1(HashKind::sha1), md5(HashKind::md5), adler(HashKind::adler32);
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view part = std::string_view(text).substr(at, random() % 9'000);
    parts.update(as_bytes(part));
    for (Hasher* hasher : {&sha1, &md5, &adler}) hasher->update(as_bytes(part));
    at += part.size();
  }
  CHECK(parts.finish() == sha256(as_bytes(text)));
  CHECK(to_hex(sha1.finish()) == hash_of(HashKind::sha1, text));
  CHECK(to_hex(md5.finish()) == hash_of(HashKind::md5, text));
  CHECK(to_hex(adler.finish()) == hash_of(HashKind::adler32, text));
}

TEST_CASE("hash: adler32 does not overflow on the largest bytes") {
  // Independently: high and low sums taken modulo 65521 at each byte.
  const std::string text(1'000'000, '\xff');
  std::uint64_t low = 1, high = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    low = (low + 255) % 65521;
    high = (high + low) % 65521;
  }
  const std::vector<std::uint8_t> expected = {
      static_cast<std::uint8_t>(high >> 8), static_cast<std::uint8_t>(high),
      static_cast<std::uint8_t>(low >> 8), static_cast<std::uint8_t>(low)};
  CHECK(hash_of(HashKind::adler32, text) == to_hex(expected));
}

}  // namespace
}  // namespace spind
