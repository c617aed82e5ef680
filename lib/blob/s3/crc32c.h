// CRC-32C (Castagnoli; RFC 3720, B.4), by the processor's instruction where it has one.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace spind::s3 {

std::uint32_t crc32c(Bytes bytes);
// The same without the instruction.
std::uint32_t crc32c_by_tables(Bytes bytes);
// As the header x-amz-checksum-crc32c has it.
std::string crc32c_base64(Bytes bytes);

}  // namespace spind::s3
