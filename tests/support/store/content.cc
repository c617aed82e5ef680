#include "support/store/content.h"

#include <cstring>

#include "base/hash.h"

namespace spind::test {
namespace {

std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t word = state += 0x9e3779b97f4a7c15;
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
  word = (word ^ word >> 27) * 0x94d049bb133111eb;
  return word ^ word >> 31;
}

}  // namespace

std::string content(std::uint64_t seed, std::uint64_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15 + 1, word = 0;
  char* out = bytes.data();
  for (; size_bytes >= sizeof word; size_bytes -= sizeof word, out += sizeof word) {
    word = splitmix64(state);
    std::memcpy(out, &word, sizeof word);
  }
  word = splitmix64(state);
  std::memcpy(out, &word, size_bytes);
  return bytes;
}

Sha256 sha256_of(std::string_view bytes) { return sha256(as_bytes(bytes)); }

}  // namespace spind::test
