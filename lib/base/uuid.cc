#include "base/uuid.h"

#include <algorithm>

#include "base/hex.h"

namespace spind {
namespace {

constexpr std::size_t kTextSize = 36;

bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

Uuid make_uuid_v7(Clock& clock, Random& random) {
  Uuid uuid{};
  random.fill(uuid);
  // A clock before 1970 is wrong anyway; an id needs no right time, only a place.
  auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(clock.wall_ns(), 0) / 1'000'000);
  for (std::size_t i = 6; i-- > 0; millis >>= 8) uuid[i] = static_cast<std::uint8_t>(millis);
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x70);
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

std::string uuid_text(const Uuid& uuid) {
  const std::string digits = to_hex(uuid);
  std::string text;
  text.reserve(kTextSize);
  for (const char digit : digits) {
    if (is_dash_position(text.size())) text += '-';
    text += digit;
  }
  return text;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < kTextSize; ++i) {
    if (is_dash_position(i) != (text[i] == '-')) return std::nullopt;
    if (!is_dash_position(i)) digits += text[i];
  }
  const std::optional<std::string> bytes = from_hex(digits);
  if (!bytes) return std::nullopt;
  Uuid uuid{};
  std::copy(bytes->begin(), bytes->end(), uuid.begin());
  return uuid;
}

}  // namespace spind
