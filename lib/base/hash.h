// Hashes: SHA-256 names content, XXH3 tells damage, and the others are what protocols ask for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace spind {

std::array<std::uint8_t, 32> sha256(Bytes bytes);
std::uint64_t xxh3_64(Bytes bytes);
std::array<std::uint8_t, 16> xxh3_128(Bytes bytes);  // XXH3's canonical form: big-endian

// SHA-256 of bytes that come in parts. One thread at a time.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;

  void update(Bytes bytes);
  // Of what came so far; more may come.
  std::array<std::uint8_t, 32> so_far() const;
  // Ends it; nothing else may be called after.
  std::array<std::uint8_t, 32> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

enum class HashKind : std::uint8_t { sha1, md5, adler32 };

// What protocols ask for beside SHA-256, of bytes that come in parts. Not for security. One thread
// at a time.
class Hasher {
 public:
  explicit Hasher(HashKind kind);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void update(Bytes bytes);
  // 20, 16 or 4 bytes, adler32 big-endian. Ends it; nothing else may be called after.
  std::vector<std::uint8_t> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spind
