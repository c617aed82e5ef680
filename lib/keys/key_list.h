// Where the keys come from that wrap the secrets of vaults (spind/key_provider.h): their forms in a
// file and in the environment, and the guard around a provider that may hang.
//
// Knows keys and what is wrapped; must not know vaults, rows or content.
//
// A list of keys, of which the last is the current one. An id is made from its key, so a digit that
// was mistyped is noticed and no two keys can be mistaken for each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/secret.h"
#include "spind/key_provider.h"

namespace spind::keys {

inline constexpr std::size_t kListedKeysMax = 256;
inline constexpr std::size_t kKeyFileBytesMax = 64 * 1024;
inline constexpr std::size_t kKeyIdDigits = 16;
inline constexpr std::string_view kKeyFileMagic = "spind keys 1";

// One thread at a time; const calls are thread-safe.
class KeyList {
 public:
  // What a key file holds. The error names the line, and nothing of what stands in it.
  static Result<KeyList> parse_file(Bytes text);
  // What a variable holds.
  static Result<KeyList> parse_digits(Bytes text);

  const std::string& current_id() const { return keys_.back().id; }
  Result<WrappedKey> wrap(Bytes plain, std::string_view context, Random& random) const;
  Status unwrap(const WrappedKey& wrapped, std::string_view context,
                std::span<std::uint8_t> plain) const;

 private:
  struct Key {
    std::string id;
    Secret bytes;
  };
  Status add(std::string_view digits);

  std::vector<Key> keys_;
};

std::string key_id_of(Bytes key);

}  // namespace spind::keys
