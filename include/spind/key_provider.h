// Where the keys come from that all other keys are wrapped with: a file, the environment, or
// whatever the host has, such as a key management service.
//
//   auto keys = spind::key_file("/etc/spind/keys");   // "spind key new /etc/spind/keys" makes one
//   if (!keys.ok()) return fail(keys.error());
//
//   auto store = spind::Store::open("/srv/spind", {.create = true, .keys = *keys});
//
// What a provider wraps are the secrets of vaults, 32 bytes each. It sees no content, and is asked
// when a vault is made, when one is used that has not been used for some time, and on rotation.
// lib/keys/README.md tells how to keep keys, and how to change them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "spind/export.h"
#include "spind/result.h"

namespace spind {

struct WrappedKey {
  std::string key_id;  // of the key that it is wrapped with; no secret, 1 to 255 bytes
  std::string bytes;   // at most 4096
};

// Thread-safe. A call may take its time, as one over a network does, but whoever waits for it gives
// it up after a while; it then ends by itself, and what it answers is dropped. Errors of any code
// are told as `key_unavailable` with their text, in which no key may stand.
class SPIND_EXPORT KeyProvider {
 public:
  virtual ~KeyProvider() = default;

  // The id of the key that wrap() uses now.
  virtual Result<std::string> current_key_id() = 0;
  // `context` says what the key is for. Unwrapping is asked with the same, and fails with another.
  virtual Result<WrappedKey> wrap(std::span<const std::uint8_t> plain,
                                  std::string_view context) = 0;
  // Fills `plain`, which is as long as what was wrapped. Keys that are not current any more still
  // unwrap, until everything was wrapped anew.
  virtual Status unwrap(const WrappedKey& wrapped, std::string_view context,
                        std::span<std::uint8_t> plain) = 0;
};

using KeyProviderPtr = std::shared_ptr<KeyProvider>;

// Keys in a file of lines (lib/keys/README.md has the format), of which the last is the current
// one. It is read at each use, so a key that is added is used at once. The file must belong to the
// user that the process runs as, or to root, and nobody else may have any right on it (mode 0600 or
// 0400). key_unavailable: it cannot be read, or its content is no such list.
SPIND_EXPORT Result<KeyProviderPtr> key_file(const std::string& path);

// Keys in an environment variable: 64 hexadecimal digits each, with blanks between, of which the
// last is the current one. It is read once. Whoever can read the process's environment has them,
// also in what it starts; a file is better where there can be one. key_unavailable: it is not set,
// or holds something else.
SPIND_EXPORT Result<KeyProviderPtr> key_environment(const std::string& variable);

// A host's own, by functions, all of which must be given. invalid_argument if one is not.
struct KeyCallbacks {
  std::function<Result<std::string>()> current_key_id{};
  std::function<Result<WrappedKey>(std::span<const std::uint8_t> plain, std::string_view context)>
      wrap{};
  std::function<Status(const WrappedKey& wrapped, std::string_view context,
                       std::span<std::uint8_t> plain)>
      unwrap{};
};
SPIND_EXPORT Result<KeyProviderPtr> key_callbacks(KeyCallbacks callbacks);

// Adds a new random key behind those that the file holds, which becomes the current one; makes the
// file if there is none. After a crash the file is as it was or as it is to be. Answers the key's
// id.
SPIND_EXPORT Result<std::string> add_key(const std::string& path);

}  // namespace spind
