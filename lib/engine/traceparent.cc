#include "engine/traceparent.h"

#include <algorithm>

namespace spind::engine {
namespace {

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

// Later versions may have more behind the flags.
bool is_traceparent(std::string_view text) {
  constexpr std::size_t kBytes = 55, kBytesMax = 255;
  if (text.size() < kBytes || text.size() > kBytesMax) return false;
  const std::string_view version = text.substr(0, 2), trace = text.substr(3, 32),
                         parent = text.substr(36, 16), flags = text.substr(53, 2);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags)) return false;
  if (version == "ff" || is_zero(trace) || is_zero(parent)) return false;
  return text.size() == kBytes || (version != "00" && text[kBytes] == '-');
}

}  // namespace

Status check_traceparent(std::string_view traceparent) {
  if (traceparent.empty() || is_traceparent(traceparent)) return {};
  return Error{.code = Code::invalid_argument,
               .text = "the traceparent is not one of W3C Trace Context"};
}

}  // namespace spind::engine
