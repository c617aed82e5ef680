// Page tokens and ids as text: any text is taken, and only what was given out is accepted.
#include <string>

#include "base/base64.h"
#include "base/codec.h"
#include "base/uuid.h"
#include "fuzz/fuzz.h"
#include "ops/page_token.h"
#include "spind/types.h"

namespace {

using spind::fuzz::require;

void try_token(std::string_view token) {
  const auto key = spind::ops::open_page_token(token, "listing");
  if (!key.ok()) return;
  require(spind::ops::make_page_token(*key, "listing") == token);
  require(!spind::ops::open_page_token(token, "another listing").ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = spind::fuzz::text(data, size);
  try_token(input);
  std::string sealed(input);
  spind::seal(sealed);
  try_token(spind::to_base64url(spind::as_bytes(sealed)));
  const std::string mine = spind::ops::make_page_token(input, "listing");
  const auto key = spind::ops::open_page_token(mine, "listing");
  if (key.ok()) require(*key == input);

  const auto bytes = spind::from_base64url(input);
  if (bytes) require(spind::to_base64url(spind::as_bytes(*bytes)) == input);
  const auto uuid = spind::parse_uuid(input);
  if (uuid) require(spind::parse_uuid(spind::uuid_text(*uuid)) == uuid);
  (void)spind::SpaceId::parse(input);
  return 0;
}
