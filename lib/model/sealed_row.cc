#include "model/sealed_row.h"

#include <algorithm>

#include "base/codec.h"
#include "model/keys.h"

namespace spind::model {
namespace {

// No record begins with this byte, and neither does a name, since UTF-8 does not have it.
constexpr std::uint8_t kSealedRowTag = 0xc1;
constexpr std::uint8_t kSealedRowFormat = 1;

constexpr std::size_t kSpacePartitionBytes = 1 + sizeof(SpaceId::bytes);

}  // namespace

bool is_sealed_row(std::string_view key) {
  if (key.size() <= kSpacePartitionBytes || key[0] != space_partition({})[0]) return false;
  switch (static_cast<SpaceRow>(key[kSpacePartitionBytes])) {
    case SpaceRow::node:
    case SpaceRow::locator:
    case SpaceRow::version:
    case SpaceRow::trash:
    case SpaceRow::folded:
    case SpaceRow::payload:
    case SpaceRow::attachment:
    case SpaceRow::mark:
    case SpaceRow::purged:
    case SpaceRow::staged:
    case SpaceRow::property:
    case SpaceRow::upload:
    case SpaceRow::settled:
    case SpaceRow::aside: return true;
    case SpaceRow::head:
    case SpaceRow::info:
    case SpaceRow::reference:
    case SpaceRow::request:
    case SpaceRow::skeleton:
    case SpaceRow::gaps:
    case SpaceRow::dropped:
    case SpaceRow::kept:
    case SpaceRow::unused:
    case SpaceRow::rewind:
    case SpaceRow::trimmed:
    case SpaceRow::tagged: return false;
  }
  return false;
}

bool is_plain_row(std::string_view value) {
  return value.empty() || static_cast<std::uint8_t>(value[0]) != kSealedRowTag;
}

std::string encode(const SealedRowHeader& header) {
  std::string bytes;
  Encoder(bytes)
      .u8(kSealedRowTag)
      .u8(kSealedRowFormat)
      .raw(Bytes(header.vault))
      .raw(Bytes(header.nonce));
  return bytes;
}

Result<SealedRowHeader> decode_sealed_row_header(std::string_view value) {
  Decoder in(value);
  if (in.u8() != kSealedRowTag || value.size() < kSealedRowExtraBytes)
    return Error{.code = Code::corruption, .text = "a row is not sealed, and must be"};
  if (in.u8() != kSealedRowFormat)
    return Error{.code = Code::unsupported, .text = "a row is sealed in a format not known here"};
  SealedRowHeader header;
  const std::string_view vault = in.raw(header.vault.size()), nonce = in.raw(header.nonce.size());
  std::copy(vault.begin(), vault.end(), header.vault.begin());
  std::copy(nonce.begin(), nonce.end(), header.nonce.begin());
  return header;
}

std::string about_row(std::uint8_t family, std::string_view key, const VaultId& vault) {
  std::string about("spind row");
  Encoder(about).u8(kSealedRowFormat).u8(family).raw(Bytes(vault)).raw(key);
  return about;
}

}  // namespace spind::model
