// What fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spind::fuzz {

// A broken promise ends the process, which is how a fuzzer learns of it.
inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace spind::fuzz
