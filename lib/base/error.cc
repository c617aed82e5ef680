#include "spind/error.h"

namespace spind {

std::string_view code_name(Code code) {
  switch (code) {
#define SPIND_CODE(name, number, retryable, meaning) \
  case Code::name:                                   \
    return #name;
#include "spind/error_codes.def"
#undef SPIND_CODE
  }
  return "unknown";
}

bool Error::retryable() const {
  switch (code) {
#define SPIND_CODE(name, number, retryable, meaning) \
  case Code::name:                                   \
    return retryable;
#include "spind/error_codes.def"
#undef SPIND_CODE
  }
  return false;
}

std::string Error::to_string() const {
  std::string line(code_name(code));
  if (!text.empty()) line.append(": ").append(text);
  if (!path.empty()) line.append(": ").append(path);
  return line;
}

}  // namespace spind
