// Turns errno into an Error.
#pragma once

#include <string>
#include <string_view>

#include "spind/error.h"

namespace spind {

// What `number` means while doing `action` ("open", "write to") on `path`: not_found,
// already_exists, is_a_folder, not_a_folder, name_too_long, no_space (device or disk quota),
// unavailable (too few file descriptors), unsupported, else io_error.
Error errno_error(int number, std::string_view action, const std::string& path);

}  // namespace spind
