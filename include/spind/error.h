// What can go wrong, in one table (error_codes.def), and what is said about it.
//
//   spind::Status status = space.remove("/homework");
//   if (!status.ok()) {
//     std::cerr << status.error().to_string() << "\n";   // not_found: no such node: /homework
//     if (status.error().retryable()) ...
//   }
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "spind/export.h"

namespace spind {

enum class Code : std::uint16_t {
#define SPIND_CODE(name, number, retryable, meaning) name = number,
#include "spind/error_codes.def"
#undef SPIND_CODE
};

// The code's name in the table, as "not_found".
SPIND_EXPORT std::string_view code_name(Code code);

// An expected failure. `text` is one line: lower case, what and which, never a secret.
struct SPIND_EXPORT Error {
  Code code = Code::invalid_argument;
  std::string text;
  std::string path{};                    // the path or name that it is about, if any
  std::optional<std::uint64_t> limit{};  // the limit that would be exceeded, if any
  std::optional<std::uint64_t> used{};   // what was asked for or is in use, in the limit's unit

  // Whether the same request may succeed later without anything being changed by the caller.
  bool retryable() const;
  // "code: text: path", for people.
  std::string to_string() const;
};

}  // namespace spind
