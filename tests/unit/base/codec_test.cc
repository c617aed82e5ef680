#include "base/codec.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>

#include "support/harness.h"

namespace spind {
namespace {

// Numbers of every length, not only the long ones that a uniform draw gives.
std::uint64_t draw(std::mt19937_64& random) { return random() >> (random() % 64); }

TEST_CASE("codec: what was written is read back, whatever it is") {
  std::mt19937_64 random(test::seed());
  for (std::uint64_t round = 0; round < test::scaled(500, 5'000, 200'000); ++round) {
    const std::uint64_t a = draw(random), b = draw(random), c = draw(random);
    const auto d = static_cast<std::int64_t>(draw(random)) * (random() % 2 == 0 ? 1 : -1);
    const std::string text(random() % 300, static_cast<char>(random()));
    std::string record;
    Encoder(record).u8(static_cast<std::uint8_t>(a)).u16(static_cast<std::uint16_t>(b));
    Encoder(record).u32(static_cast<std::uint32_t>(c)).u64(a).u64_be(b).varint(c).zigzag(d);
    Encoder(record).bytes(text).raw(text);
    Decoder in(record);
    CHECK(in.u8() == static_cast<std::uint8_t>(a));
    CHECK(in.u16() == static_cast<std::uint16_t>(b));
    CHECK(in.u32() == static_cast<std::uint32_t>(c));
    CHECK(in.u64() == a);
    CHECK(in.u64_be() == b);
    CHECK(in.varint() == c);
    CHECK(in.zigzag() == d);
    CHECK(in.bytes() == text);
    CHECK_FALSE((in.finish() && !text.empty()));
    CHECK(in.raw(text.size()) == text);
    CHECK(in.finish());
  }
}

TEST_CASE("codec: extreme numbers come back") {
  std::string record;
  constexpr auto kSmallest = std::numeric_limits<std::int64_t>::min();
  constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
  Encoder(record).zigzag(kSmallest).zigzag(kLargest).zigzag(-1).varint(~std::uint64_t{0});
  Decoder in(record);
  CHECK(in.zigzag() == kSmallest);
  CHECK(in.zigzag() == kLargest);
  CHECK(in.zigzag() == -1);
  CHECK(in.varint() == ~std::uint64_t{0});
  CHECK(in.finish());
}

TEST_CASE("codec: bytes lie as documented") {
  std::string record;
  Encoder(record).u16(0x0102).u32(0x01020304).u64_be(5).varint(300).zigzag(-2).bytes("ab");
  const std::string expected(
      "\x02\x01"
      "\x04\x03\x02\x01"
      "\0\0\0\0\0\0\0\x05"
      "\xac\x02"
      "\x03"
      "\x02"
      "ab",
      20);
  CHECK(record == expected);
}

TEST_CASE("codec: keys with big-endian numbers sort as the numbers do") {
  std::mt19937_64 random(test::seed());
  for (int round = 0; round < 1'000; ++round) {
    const std::uint64_t a = draw(random), b = draw(random);
    std::string key_a, key_b;
    Encoder(key_a).u64_be(a);
    Encoder(key_b).u64_be(b);
    CHECK((a < b) == (key_a < key_b));
  }
}

TEST_CASE("codec: a number has one encoding only") {
  const auto refused = [](std::string_view bytes) {
    Decoder in(bytes);
    (void)in.varint();
    return !in.finish();
  };
  CHECK(refused(std::string_view("\x80\x00", 2)));  // zero in two bytes
  CHECK(refused(std::string_view("\xff\x80\x00", 3)));
  CHECK(refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));  // 65 bits
  CHECK(refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  CHECK(refused("\x80"));  // cut
  CHECK(refused(""));
  CHECK_FALSE(refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
  CHECK_FALSE(refused(std::string_view("\x00", 1)));
}

TEST_CASE("codec: a length beyond the input reads nothing and spoils the rest") {
  std::string record;
  Encoder(record).varint(~std::uint64_t{0}).raw("abc");
  Decoder in(record);
  CHECK(in.bytes().empty());
  CHECK_FALSE(in.ok());
  CHECK(in.remaining() == 0);
  CHECK(in.u8() == 0);
  CHECK(in.u64() == 0);
  CHECK(in.u64_be() == 0);
  CHECK(in.zigzag() == 0);
  CHECK_FALSE(in.finish());
}

TEST_CASE("codec: random bytes never read past the end") {
  std::mt19937_64 random(test::seed());
  for (std::uint64_t round = 0; round < test::scaled(1'000, 10'000, 500'000); ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    Decoder in(bytes);
    std::size_t got = 0;
    while (in.ok() && in.remaining() > 0) {
      switch (random() % 6) {
        case 0: in.u16(); break;
        case 1: in.u64(); break;
        case 2: in.varint(); break;
        case 3: got += in.bytes().size(); break;
        case 4: got += in.raw(random() % 8).size(); break;
        default: in.u8(); break;
      }
    }
    CHECK(got <= bytes.size());
  }
}

TEST_CASE("codec: what is left over is noticed") {
  Decoder in("ab");
  CHECK(in.u8() == 'a');
  CHECK_FALSE(in.finish());
  CHECK(in.remaining() == 1);
}

TEST_CASE("codec: a caller's own rule spoils the decoder too") {
  Decoder in("a");
  CHECK(in.u8() == 'a');
  in.fail();
  CHECK_FALSE(in.finish());
}

TEST_CASE("seal: every flipped bit and every cut is noticed") {
  std::string record = "a record of some length";
  const std::string body = record;
  seal(record);
  REQUIRE(record.size() == body.size() + kSealBytes);
  CHECK(unseal(record) == body);
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string changed = record;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    CHECK_FALSE(unseal(changed).has_value());
  }
  for (std::size_t size = 0; size < record.size(); ++size)
    CHECK_FALSE(unseal(std::string_view(record).substr(0, size)).has_value());
}

TEST_CASE("seal: an empty record can be sealed") {
  std::string record;
  seal(record);
  CHECK(unseal(record) == "");
}

}  // namespace
}  // namespace spind
