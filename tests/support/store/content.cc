#include "support/store/content.h"

#include <cstring>

#include "base/hash.h"

namespace spind::test {

std::string content(std::uint64_t seed, std::uint64_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    state += 0x9e3779b97f4a7c15;  // splitmix64
    std::uint64_t word = state;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    word ^= word >> 31;
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, bytes.size() - at));
  }
  return bytes;
}

Sha256 sha256_of(std::string_view bytes) { return sha256(as_bytes(bytes)); }

}  // namespace spind::test
