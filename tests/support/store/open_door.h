// Keys for tests of what is sealed with them, and not of themselves: wrapping does nothing.
#pragma once

#include <algorithm>

#include "base/bytes.h"
#include "spind/key_provider.h"

namespace spind::test {

inline KeyProviderPtr open_door() {
  KeyCallbacks callbacks;
  callbacks.current_key_id = []() -> Result<std::string> { return std::string("open"); };
  callbacks.wrap = [](std::span<const std::uint8_t> plain, std::string_view) -> Result<WrappedKey> {
    return WrappedKey{"open", std::string(as_text(plain))};
  };
  callbacks.unwrap = [](const WrappedKey& wrapped, std::string_view,
                        std::span<std::uint8_t> plain) -> Status {
    std::copy(wrapped.bytes.begin(), wrapped.bytes.end(), plain.begin());
    return {};
  };
  return *key_callbacks(std::move(callbacks));
}

}  // namespace spind::test
