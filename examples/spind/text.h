// Text for people: sizes, times, and names that may hold anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spind::tool {

// The length of the UTF-8 character that `text` begins with; 0 if its first byte begins none.
std::size_t utf8_length(std::string_view text);

// `name` with control characters and broken UTF-8 made visible, so that a file name cannot steer
// the terminal that it is printed on.
std::string printable(std::string_view name);

// "812 B", "4.0 KiB", "1.3 GiB".
std::string human_bytes(std::uint64_t bytes);

// "2026-03-01 14:05:09" in local time.
std::string human_time(std::int64_t time_ns);

std::string pad_left(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);

}  // namespace spind::tool
