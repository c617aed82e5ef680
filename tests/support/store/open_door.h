// Keys for tests of what is sealed with them, and not of themselves: wrapping does nothing, and
// whatever key something says that it is wrapped with, it unwraps.
#pragma once

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "spind/key_provider.h"

namespace spind::test {

inline KeyProviderPtr open_door(const std::string& current_key_id = "open") {
  KeyCallbacks callbacks;
  callbacks.current_key_id = [current_key_id]() -> Result<std::string> { return current_key_id; };
  callbacks.wrap = [current_key_id](std::span<const std::uint8_t> plain,
                                    std::string_view) -> Result<WrappedKey> {
    return WrappedKey{current_key_id, std::string(as_text(plain))};
  };
  callbacks.unwrap = [](const WrappedKey& wrapped, std::string_view,
                        std::span<std::uint8_t> plain) -> Status {
    std::copy(wrapped.bytes.begin(), wrapped.bytes.end(), plain.begin());
    return {};
  };
  return *key_callbacks(std::move(callbacks));
}

}  // namespace spind::test
