// Encryption that also proves that nobody changed a byte, and what keys are derived with.
//
//   BriefKey key;
//   hkdf_sha256(secret, salt, "what it is for", key.writable());
//   Sealer(key).seal(nonce, about, plain, sealed);      // sealed: kSealTagBytes longer
//
//   std::string box = seal_box(secret, about, plain, random);   // small things, by themselves
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/secret.h"
#include "spind/result.h"

namespace spind {

inline constexpr std::size_t kSealTagBytes = 16;
using SealNonce = std::array<std::uint8_t, 12>;
using SealTag = std::array<std::uint8_t, kSealTagBytes>;
// A nonce whose number is the position of what is sealed.
SealNonce nonce_of(std::uint64_t number);

// AES-256-GCM under one key (NIST SP 800-38D). Whoever seals sees to it that no nonce is used twice
// with a key: two texts under one nonce give away both, and the means to forge more.
//
// One thread at a time. Making one costs less than sealing a kilobyte.
class Sealer {
 public:
  explicit Sealer(Bytes key);  // kKeyBytes
  ~Sealer();
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;

  // `out` is kSealTagBytes longer than `plain`, and may begin where it does. `about` is not stored:
  // opening asks for the same.
  void seal(const SealNonce& nonce, Bytes about, Bytes plain, std::span<std::uint8_t> out);
  // `out` is kSealTagBytes shorter than `sealed`, and may begin where it does. Corruption, with
  // zeros in `out`, if key, nonce, `about` or a byte is not what it was.
  Status open(const SealNonce& nonce, Bytes about, Bytes sealed, std::span<std::uint8_t> out);

  // The same where the tag is kept apart from what was sealed: `out` is as long as what goes in.
  void seal_apart(const SealNonce& nonce, Bytes about, Bytes plain, std::span<std::uint8_t> out,
                  SealTag& tag);
  Status open_apart(const SealNonce& nonce, Bytes about, Bytes sealed, const SealTag& tag,
                    std::span<std::uint8_t> out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// RFC 2104 with SHA-256.
void hmac_sha256(Bytes key, Bytes text, std::span<std::uint8_t, 32> out);
// RFC 5869 with SHA-256; at most 255 * 32 bytes.
void hkdf_sha256(Bytes secret, Bytes salt, std::string_view purpose, std::span<std::uint8_t> out);

// Boxes: a random salt, which gives each its own key, what was sealed under it, and the tag. With
// 192 random bits no salt comes twice, however many boxes there are.
inline constexpr std::size_t kBoxSaltBytes = 24;
inline constexpr std::size_t kBoxExtraBytes = kBoxSaltBytes + kSealTagBytes;

std::string seal_box(Bytes secret, Bytes about, Bytes plain, Random& random);
// `out` is kBoxExtraBytes shorter than `box`. Corruption as for Sealer::open.
Status open_box(Bytes secret, Bytes about, Bytes box, std::span<std::uint8_t> out);
// Corruption also where `box` is too short to be one.
Result<std::string> open_box(Bytes secret, Bytes about, Bytes box);
Result<Secret> open_secret_box(Bytes secret, Bytes about, Bytes box);

}  // namespace spind
