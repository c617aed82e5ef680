#include "blob/s3/crc32c.h"

#include <array>
#include <cstring>

#include "blob/s3/signature.h"

namespace spind::s3 {
namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = crc;
  }
  for (std::size_t table = 1; table < 8; ++table) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = tables[table - 1][i];
      tables[table][i] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

#if defined(__x86_64__)
bool has_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }

[[gnu::target("sse4.2")]] std::uint32_t by_instruction(Bytes bytes) {
  std::uint64_t wide = 0xffffffff;
  for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    wide = __builtin_ia32_crc32di(wide, word);
  }
  auto crc = static_cast<std::uint32_t>(wide);
  for (const std::uint8_t byte : bytes) crc = __builtin_ia32_crc32qi(crc, byte);
  return ~crc;
}
#else
constexpr bool has_instruction() { return false; }
std::uint32_t by_instruction(Bytes bytes) { return crc32c_by_tables(bytes); }
#endif

}  // namespace

std::uint32_t crc32c(Bytes bytes) {
  static const bool instruction = has_instruction();
  return instruction ? by_instruction(bytes) : crc32c_by_tables(bytes);
}

std::uint32_t crc32c_by_tables(Bytes bytes) {
  static constexpr Tables kTables = make_tables();
  std::uint32_t crc = 0xffffffff;
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  // Eight bytes at once: each goes through the table of its distance.
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint32_t low =
        crc ^ (static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8 |
               static_cast<std::uint32_t>(at[2]) << 16 | static_cast<std::uint32_t>(at[3]) << 24);
    crc = kTables[7][low & 0xff] ^ kTables[6][low >> 8 & 0xff] ^ kTables[5][low >> 16 & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][at[4]] ^ kTables[2][at[5]] ^ kTables[1][at[6]] ^
          kTables[0][at[7]];
  }
  for (; left > 0; --left, ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
  return ~crc;
}

std::string crc32c_base64(Bytes bytes) {
  const std::uint32_t crc = crc32c(bytes);
  const std::array<std::uint8_t, 4> big_endian = {
      static_cast<std::uint8_t>(crc >> 24), static_cast<std::uint8_t>(crc >> 16),
      static_cast<std::uint8_t>(crc >> 8), static_cast<std::uint8_t>(crc)};
  return base64(big_endian);
}

}  // namespace spind::s3
