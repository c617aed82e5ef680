// The bytes of test files, made from two numbers, so that an operation can be written down on one
// line and its content checked without being kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "spind/types.h"

namespace spind::test {

// `size_bytes` bytes that no compressor shrinks; equal for equal arguments. A longer content of the
// same seed begins with the shorter one.
std::string content(std::uint64_t seed, std::uint64_t size_bytes);

Sha256 sha256_of(std::string_view bytes);

}  // namespace spind::test
