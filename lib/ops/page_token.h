// Tokens with which a listing goes on, in any process: the key that it came to, bound to the
// listing that it belongs to and checksummed, as text. Not a secret: rights are checked again on
// every page.
#pragma once

#include <string>
#include <string_view>

#include "spind/result.h"

namespace spind::ops {

// invalid_argument unless 1 <= count_max <= kPageMax.
Status check_page_size(std::size_t count_max);

// `listing` names what is listed, with its filter.
std::string make_page_token(std::string_view key, std::string_view listing);

// The key. invalid_argument: the token was cut, changed, or made for another listing.
Result<std::string> open_page_token(std::string_view token, std::string_view listing);

}  // namespace spind::ops
