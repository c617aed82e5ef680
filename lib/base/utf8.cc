#include "base/utf8.h"

#include <utf8proc.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

namespace spind {
namespace {

struct Lead {
  std::size_t size;        // bytes of the character; 0: no character begins so
  std::uint8_t low, high;  // what its second byte may be
};

Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xc2) return {0, 0, 0};  // a continuation, or a form that is too long
  if (byte < 0xe0) return {2, 0x80, 0xbf};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};  // surrogates
  if (byte < 0xf0) return {3, 0x80, 0xbf};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte < 0xf4) return {4, 0x80, 0xbf};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

struct Free {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); }
};

std::optional<std::string> map(std::string_view text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                             static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(mapped);
  if (size < 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

}  // namespace

bool valid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const Lead lead = lead_of(static_cast<std::uint8_t>(text[i]));
    if (lead.size == 0 || text.size() - i < lead.size) return false;
    for (std::size_t k = 1; k < lead.size; ++k) {
      const auto byte = static_cast<std::uint8_t>(text[i + k]);
      const std::uint8_t low = k == 1 ? lead.low : 0x80;
      const std::uint8_t high = k == 1 ? lead.high : 0xbf;
      if (byte < low || byte > high) return false;
    }
    i += lead.size;
  }
  return true;
}

std::string name_fold(std::string_view name) {
  // Decomposed first, since folding alone would leave marks in an order that differs between
  // forms of one name (Unicode, section 3.13, D145).
  const auto decomposed = map(name, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  if (!decomposed) return std::string(name);
  return map(*decomposed, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD)
      .value_or(std::string(name));
}

}  // namespace spind
