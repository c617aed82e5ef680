// Values of a space's rows in an encrypted store: which are sealed, and their bytes. README.md has
// them, and says what stays readable.
#pragma once

#include <string>
#include <string_view>

#include "base/sealer.h"
#include "model/vault_rows.h"

namespace spind::model {

// Whether the values of such rows are sealed. The others hold numbers only, or hashes, or nothing,
// or are what it takes to find the keys.
bool is_sealed_row(std::string_view key);

// What precedes the sealed bytes and their tag.
struct SealedRowHeader {
  VaultId vault{};
  SealNonce nonce{};
  bool operator==(const SealedRowHeader&) const = default;
};
inline constexpr std::size_t kSealedRowHeaderBytes = 2 + sizeof(VaultId) + sizeof(SealNonce);
inline constexpr std::size_t kSealedRowExtraBytes = kSealedRowHeaderBytes + kSealTagBytes;

// Whether a value of such a row is not sealed, whatever else it may be.
bool is_plain_row(std::string_view value);

std::string encode(const SealedRowHeader& header);
// corruption: it is too short, or plain, which it must not be. unsupported: a later format.
Result<SealedRowHeader> decode_sealed_row_header(std::string_view value);

// What a sealed value is bound to besides its bytes, so that it opens in its own place alone.
std::string about_row(std::uint8_t family, std::string_view key, const VaultId& vault);

}  // namespace spind::model
