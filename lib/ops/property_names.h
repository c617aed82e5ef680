// Which keys properties, and which names tags may have.
#pragma once

#include <string_view>

#include "spind/result.h"

namespace spind::ops {

// 1 to kPropertyKeyBytesMax bytes of UTF-8 without control characters; what begins as a tag's does
// has to go on as a tag.
Status check_property_key(std::string_view key);

// 1 to kTagBytesMax bytes, likewise.
Status check_tag(std::string_view tag);

}  // namespace spind::ops
