#include <doctest/doctest.h>

#include <random>
#include <string>

#include "base/base64.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "support/harness.h"

namespace spind {
namespace {

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string encode_utf8(char32_t point) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | (point >> shift & 63)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
}

TEST_CASE("hex: bytes come back, and nothing but digits is taken") {
  std::mt19937_64 random(test::seed());
  for (int round = 0; round < 300; ++round) {
    const std::string bytes = random_bytes(random, random() % 40);
    CHECK(from_hex(to_hex(as_bytes(bytes))) == bytes);
  }
  CHECK(from_hex("00FFaA") == std::string("\0\xff\xaa", 3));
  for (const char* bad : {"0", "0g", "0 ", " 0", "-1", "0x00", "000"})
    CHECK_FALSE(from_hex(bad).has_value());
}

TEST_CASE("base64url: bytes come back, and each text has one meaning") {
  std::mt19937_64 random(test::seed());
  for (int round = 0; round < 300; ++round) {
    const std::string bytes = random_bytes(random, random() % 40);
    CHECK(from_base64url(to_base64url(as_bytes(bytes))) == bytes);
  }
  CHECK(to_base64url(as_bytes("\xfb\xff")) == "-_8");
  for (const char* bad : {"-_9", "A", "AA==", "+/8", "AA A", "AAAAA", "AB\n"})
    CHECK_FALSE(from_base64url(bad).has_value());
}

TEST_CASE("base64url: every text that is taken is what would be written") {
  std::mt19937_64 random(test::seed());
  constexpr std::string_view kAlphabet = "ABwxyz019-_=+";
  int taken = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (std::size_t size = random() % 6; text.size() < size;)
      text += kAlphabet[random() % kAlphabet.size()];
    const auto bytes = from_base64url(text);
    if (!bytes) continue;
    CHECK(to_base64url(as_bytes(*bytes)) == text);
    ++taken;
  }
  CHECK(taken > 0);
}

class FixedClock final : public Clock {
 public:
  explicit FixedClock(std::int64_t wall_ns) : wall_ns_(wall_ns) {}
  std::int64_t wall_ns() override { return wall_ns_; }
  std::int64_t monotonic_ns() override { return 0; }

 private:
  std::int64_t wall_ns_;
};

TEST_CASE("uuid: version 7 carries the time and comes back from its text") {
  FixedClock clock(0x01932c4e7d2a * std::int64_t{1'000'000});
  const Uuid uuid = make_uuid_v7(clock, Random::system());
  const std::string text = uuid_text(uuid);
  CHECK(text.size() == 36);
  CHECK(text.substr(0, 15) == "01932c4e-7d2a-7");
  CHECK(std::string_view("89ab").find(text[19]) != std::string_view::npos);
  CHECK(parse_uuid(text) == uuid);
  CHECK(make_uuid_v7(clock, Random::system()) != uuid);
}

TEST_CASE("uuid: a clock before 1970 still gives an id") {
  FixedClock clock(-5'000'000'000);
  CHECK(uuid_text(make_uuid_v7(clock, Random::system())).substr(0, 15) == "00000000-0000-7");
}

TEST_CASE("uuid: anything else is refused") {
  for (const char* bad :
       {"", "01932c4e-7d2a-7000-8000-0123456789a", "01932c4e-7d2a-7000-8000-0123456789abc",
        "01932c4e07d2a07000080000123456789abc", "01932c4e-7d2a-7000-8000-0123456789ag",
        "{1932c4e-7d2a-7000-8000-0123456789a}", "01932c4e-7d2a-7000-80000-123456789ab"})
    CHECK_FALSE(parse_uuid(bad).has_value());
}

TEST_CASE("utf8: every code point but the surrogates is taken") {
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    if (valid_utf8(encode_utf8(point)) == surrogate) FAIL("at ", std::uint32_t(point));
  }
  CHECK_FALSE(valid_utf8(encode_utf8(0x110000)));
}

TEST_CASE("utf8: broken forms are refused") {
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\x81", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
                          "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe",
                          "a\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3\x28", "\xe2\x28\xa1"})
    CHECK_FALSE(valid_utf8(bad));
  CHECK(valid_utf8(""));
  CHECK(valid_utf8("Übung – ✓ 😀"));
}

TEST_CASE("name fold: case and normal form make no difference") {
  CHECK(name_fold("README.md") == name_fold("readme.MD"));
  CHECK(name_fold("Übung") == name_fold("U\xcc\x88"
                                        "bung"));
  CHECK(name_fold("ÜBUNG") == name_fold("u\xcc\x88"
                                        "bung"));
  CHECK(name_fold("Straße") == name_fold("STRASSE"));
  CHECK(name_fold("ΣΊΣΥΦΟΣ") == name_fold("σίσυφος"));
  CHECK(name_fold("q\xcc\x87\xcc\xa3") == name_fold("q\xcc\xa3\xcc\x87"));  // order of marks
  CHECK(name_fold("a") != name_fold("b"));
  CHECK(name_fold("e") != name_fold("é"));
}

TEST_CASE("name fold: folding twice changes nothing, for every code point") {
  for (char32_t point = 1; point <= 0x10ffff; ++point) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const std::string name = "x" + encode_utf8(point) + "\xcc\x81";
    const std::string once = name_fold(name);
    if (name_fold(once) != once) FAIL("at ", std::uint32_t(point));
    if (once.size() > 18 * name.size()) FAIL("too long at ", std::uint32_t(point));
  }
}

TEST_CASE("name fold: what is not UTF-8 comes back as it is") {
  CHECK(name_fold("\xff\xfe") == "\xff\xfe");
}

}  // namespace
}  // namespace spind
