#include "ops/page_token.h"

#include "base/base64.h"
#include "base/codec.h"
#include "base/limits.h"

namespace spind::ops {
namespace {

constexpr std::uint8_t kTokenFormat = 1;
constexpr std::size_t kTokenBytesMax = 4096;

}  // namespace

Status check_page_size(std::size_t count_max) {
  if (count_max >= 1 && count_max <= kPageMax) return {};
  return Error{.code = Code::invalid_argument,
               .text = "a page has 1 to 10,000 items",
               .path = {},
               .limit = kPageMax,
               .used = count_max};
}

std::string make_page_token(std::string_view key, std::string_view listing) {
  std::string token;
  Encoder(token).u8(kTokenFormat).u64(xxh3_64(as_bytes(listing))).raw(key);
  seal(token);
  return to_base64url(as_bytes(token));
}

Result<std::string> open_page_token(std::string_view token, std::string_view listing) {
  const Error refused{.code = Code::invalid_argument,
                      .text = "the page token is broken or belongs to another listing"};
  if (token.size() > kTokenBytesMax) return refused;
  const auto bytes = from_base64url(token);
  if (!bytes) return refused;
  const auto body = unseal(*bytes);
  if (!body) return refused;
  Decoder in(*body);
  const bool format = in.u8() == kTokenFormat;
  const bool mine = in.u64() == xxh3_64(as_bytes(listing));
  std::string key(in.raw(in.remaining()));
  if (!format || !mine || !in.finish()) return refused;
  return key;
}

}  // namespace spind::ops
