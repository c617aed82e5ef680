// Bytes as base64url text (RFC 4648 §5) without padding: for tokens and cursors.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace spind {

std::string to_base64url(Bytes bytes);
// Only what to_base64url gives: no padding, no line ends, unused bits zero.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace spind
