#include "base/xxh3_long.h"

#include <algorithm>

#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>  // makes XXH3_128bits choose at run time
#else
#include <xxhash.h>
#endif

namespace spind {

std::array<std::uint8_t, 16> xxh3_128_long(Bytes bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  std::array<std::uint8_t, 16> digest{};
  std::copy_n(canonical.digest, digest.size(), digest.data());
  return digest;
}

}  // namespace spind
