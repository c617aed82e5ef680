#include "ops/property_names.h"

#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "base/utf8.h"
#include "model/keys.h"

namespace spind::ops {
namespace {

Status check_text(std::string_view text, std::string_view what, std::size_t size_bytes_max) {
  if (text.size() > size_bytes_max)
    return Error{.code = Code::limit_exceeded,
                 .text = "too long: " + std::string(what),
                 .path = {},
                 .limit = size_bytes_max,
                 .used = text.size()};
  const auto is_control = [](char c) { return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f; };
  if (!text.empty() && valid_utf8(text) && std::none_of(text.begin(), text.end(), is_control))
    return {};
  return Error{.code = Code::invalid_argument,
               .text = "empty, or not UTF-8 without control characters: " + std::string(what)};
}

}  // namespace

Status check_property_key(std::string_view key) {
  SPIND_TRY(check_text(key, "the key of a property", kPropertyKeyBytesMax));
  if (const auto tag = model::tag_of(key)) return check_tag(*tag);
  return {};
}

Status check_tag(std::string_view tag) { return check_text(tag, "a tag", kTagBytesMax); }

}  // namespace spind::ops
