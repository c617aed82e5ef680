// UUIDs of version 7 (RFC 9562): a time in milliseconds, then randomness, so that ids made one
// after another lie beside each other.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace spind {

using Uuid = std::array<std::uint8_t, 16>;

Uuid make_uuid_v7(Clock& clock, Random& random);
// As "0190a6c8-7d3e-7b52-9c1a-2f4e5d6c7b8a".
std::string uuid_text(const Uuid& uuid);
// Any version; 36 characters, digits of either case.
std::optional<Uuid> parse_uuid(std::string_view text);

}  // namespace spind
