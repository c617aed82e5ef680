#include "base/sealer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/hex.h"
#include "support/harness.h"

namespace spind {
namespace {

std::string hex(std::string_view text) { return *from_hex(text); }

std::span<std::uint8_t> writable(std::string& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

SealNonce nonce_from(std::string_view text) {
  SealNonce nonce{};
  const std::string bytes = hex(text);
  std::copy(bytes.begin(), bytes.end(), nonce.begin());
  return nonce;
}

struct Vector {
  std::string_view key, nonce, about, plain, sealed;
};

// Test cases 13 to 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega), which NIST refers
// to.
constexpr std::string_view kZeros =
    "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view kKey =
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr std::string_view kPlain =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
constexpr Vector kVectors[] = {
    {kZeros, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {kZeros, "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {kKey, "cafebabefacedbaddecaf888", "", kPlain,
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
     "b094dac5d93471bdec1a502270e3cc6c"},
    {kKey, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     kPlain.substr(0, 120),
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST_CASE("sealer: AES-256-GCM as NIST has it, both ways and in place") {
  for (const Vector& vector : kVectors) {
    const std::string key = hex(vector.key), about = hex(vector.about), plain = hex(vector.plain);
    Sealer sealer(as_bytes(key));
    std::string bytes = plain + std::string(kSealTagBytes, '\0');
    sealer.seal(nonce_from(vector.nonce), as_bytes(about), as_bytes(plain), writable(bytes));
    CHECK(to_hex(as_bytes(bytes)) == vector.sealed);
    std::string again = plain + std::string(kSealTagBytes, '\0');
    sealer.seal(nonce_from(vector.nonce), as_bytes(about), as_bytes(again).first(plain.size()),
                writable(again));
    CHECK(again == bytes);
    REQUIRE(sealer
                .open(nonce_from(vector.nonce), as_bytes(about), as_bytes(again),
                      writable(again).first(plain.size()))
                .ok());
    CHECK(again.substr(0, plain.size()) == plain);
  }
}

TEST_CASE("sealer: whatever was changed is refused, and nothing of it is shown") {
  const std::string key(kKeyBytes, 'k'), about = "what it is about", plain = "a line of an essay";
  Sealer sealer(as_bytes(key));
  std::string sealed(plain.size() + kSealTagBytes, '\0');
  sealer.seal(nonce_of(7), as_bytes(about), as_bytes(plain), writable(sealed));
  std::string out(plain.size(), 'x');
  const auto refused = [&](Sealer& with, std::uint64_t nonce, std::string_view of,
                           const std::string& bytes) {
    std::fill(out.begin(), out.end(), 'x');
    const Status opened = with.open(nonce_of(nonce), as_bytes(of), as_bytes(bytes), writable(out));
    return opened.code() == Code::corruption && out == std::string(out.size(), '\0');
  };
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string flipped = sealed;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    CHECK(refused(sealer, 7, about, flipped));
  }
  CHECK(refused(sealer, 8, about, sealed));
  CHECK(refused(sealer, 7, "what it is abouT", sealed));
  CHECK(refused(sealer, 7, "", sealed));
  Sealer other(as_bytes(std::string(kKeyBytes, 'j')));
  CHECK(refused(other, 7, about, sealed));
  CHECK(sealer.open(nonce_of(7), {}, as_bytes("short"), {}).code() == Code::corruption);
  // One that refused still opens.
  REQUIRE(sealer.open(nonce_of(7), as_bytes(about), as_bytes(sealed), writable(out)).ok());
  CHECK(out == plain);
}

TEST_CASE("sealer: nonces are numbers at their end") {
  const SealNonce nonce = nonce_of(0x0102030405060708u);
  CHECK(to_hex(Bytes(nonce)) == "000000000102030405060708");
}

TEST_CASE("hmac: as RFC 4231 has it") {
  const auto hmac = [](std::string_view key, std::string_view text) {
    std::array<std::uint8_t, 32> out{};
    hmac_sha256(as_bytes(key), as_bytes(text), out);
    return to_hex(Bytes(out));
  };
  CHECK(hmac(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hmac("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(hmac("", "") == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("hkdf: as RFC 5869 has it") {
  const auto hkdf = [](std::string_view secret, std::string_view salt, std::string_view purpose) {
    std::string out(42, '\0');
    hkdf_sha256(as_bytes(secret), as_bytes(salt), purpose, writable(out));
    return to_hex(as_bytes(out));
  };
  CHECK(hkdf(std::string(22, '\x0b'), hex("000102030405060708090a0b0c"),
             hex("f0f1f2f3f4f5f6f7f8f9")) ==
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  CHECK(hkdf(std::string(22, '\x0b'), "", "") ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("box: opens with what it was sealed with, and no two are alike") {
  const std::string secret(kKeyBytes, 's');
  std::mt19937_64 random(test::seed());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{32}, std::size_t{20'000}}) {
    std::string plain(size, '\0');
    for (char& byte : plain) byte = static_cast<char>(random());
    const std::string box =
        seal_box(as_bytes(secret), as_bytes("space 1"), as_bytes(plain), Random::system());
    CHECK(box.size() == size + kBoxExtraBytes);
    CHECK(box !=
          seal_box(as_bytes(secret), as_bytes("space 1"), as_bytes(plain), Random::system()));
    CHECK(*open_box(as_bytes(secret), as_bytes("space 1"), as_bytes(box)) == plain);
    const Result<Secret> opened =
        open_secret_box(as_bytes(secret), as_bytes("space 1"), as_bytes(box));
    REQUIRE(opened.ok());
    CHECK(as_text(opened->bytes()) == plain);
    CHECK(open_box(as_bytes(secret), as_bytes("space 2"), as_bytes(box)).code() ==
          Code::corruption);
    CHECK(open_box(as_bytes(std::string(kKeyBytes, 't')), as_bytes("space 1"), as_bytes(box))
              .code() == Code::corruption);
    for (std::size_t cut = 0; cut < std::min<std::size_t>(box.size(), 60); ++cut)
      CHECK(
          open_secret_box(as_bytes(secret), as_bytes("space 1"), as_bytes(box).first(cut)).code() ==
          Code::corruption);
  }
}

}  // namespace
}  // namespace spind
