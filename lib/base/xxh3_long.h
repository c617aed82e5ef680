// XXH3-128 of long input, with the widest instructions that this processor has. Short input is
// hashed in line, which needs no call and no look at the processor: see hash.h, which chooses.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace spind {

std::array<std::uint8_t, 16> xxh3_128_long(Bytes bytes);

}  // namespace spind
