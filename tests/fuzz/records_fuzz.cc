// Every decoder of a record takes any bytes, and accepts only what its encoder makes. The first
// byte of the input chooses the record; the rest is tried as a row, and as what stands inside of a
// row whose frame and checksum are right.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "content/frames.h"
#include "fuzz/fuzz.h"
#include "model/aside.h"
#include "model/keys.h"
#include "model/record_codec.h"
#include "model/records.h"
#include "model/sealed_row.h"
#include "model/vault_rows.h"

namespace {

using spind::fuzz::require;
using spind::model::RecordTag;

// How many kinds of input there are: the cases of the switch below.
constexpr std::uint8_t kKinds = 26;

std::string framed(RecordTag tag, std::string_view body, std::uint8_t format) {
  std::string row = spind::model::begin_record(tag, 128, format);
  row += body;
  return spind::model::finish_record(std::move(row));
}

template <class Decode, class Encode>
void try_record(RecordTag tag, std::string_view input, Decode decode, Encode encode) {
  std::vector<std::string> rows = {std::string(input)};
  // Space records have the most formats; the last one here nobody knows.
  for (std::uint8_t format = 0; format <= spind::model::kSpaceFormat + 1; ++format)
    rows.push_back(framed(tag, input, format));
  for (const std::string& row : rows) {
    const auto record = decode(row);
    if (record.ok()) require(encode(*record) == row);
  }
}

template <class Decode>
void try_record(RecordTag tag, std::string_view input, Decode decode) {
  try_record(tag, input, decode, [](const auto& record) { return spind::model::encode(record); });
}

// It has a checksum of its own.
void try_inline(std::string_view input) {
  namespace model = spind::model;
  const auto content = model::decode_inline(input);
  if (content.ok()) require(model::encode_inline(*content) == input);
  const std::string row = model::encode_inline(input);
  require(*model::decode_inline(row) == input);
}

void try_favourite(std::string_view input) {
  namespace model = spind::model;
  const std::string prefix = model::favourites_prefix("tenant", "ada");
  for (const std::string& key : {std::string(input), prefix + std::string(input)}) {
    const auto favourite = model::favourite_in_key(prefix, key);
    if (favourite.ok())
      require(model::favourite_key("tenant", "ada", favourite->space, favourite->node) == key);
  }
}

void try_frame(std::string_view input) {
  namespace content = spind::content;
  std::vector<std::string> rows = {std::string(input)};
  for (const std::size_t size : {content::kFrameHeaderBytes1, content::kFrameHeaderBytes}) {
    rows.emplace_back(input).resize(size - spind::kSealBytes);
    spind::seal(rows.back());
  }
  for (const std::string& row : rows) {
    const auto header = content::decode_frame_header(spind::as_bytes(row));
    if (!header.ok()) continue;
    require(header->size_bytes <= spind::kFrameBytesMax);
    require(header->stored_bytes <= header->size_bytes);
    require(header->piece_stored_bytes <= content::stored_size(spind::kPieceBytesMax));
    std::array<std::uint8_t, content::kFrameHeaderBytes> again{};
    content::encode_frame_header(*header, again.data());
    require(spind::as_text(again).starts_with(row.substr(0, header->header_bytes())));
  }
}

// As what is stored of a compressed frame, in places that are too small, right or too large for it.
void try_grow(std::string_view input) {
  if (input.empty()) return;
  spind::content::FrameCodec codec(0);
  for (const std::size_t size : {input.size(), 7 * input.size(), spind::kFrameBytesMax}) {
    constexpr std::uint8_t kFence = 0xa5;
    std::vector<std::uint8_t> place(size + 1, kFence);
    const std::size_t shrunk = std::min(input.size(), size);
    std::copy_n(input.begin(), shrunk, place.begin());
    (void)codec.grow(std::span(place).first(size), shrunk);
    require(place.back() == kFence);
  }
}

// A row's sizes of frames, if it is taken, are within the piece.
void try_piece_row(std::string_view input) {
  namespace model = spind::model;
  try_record(RecordTag::piece, input, model::decode_piece);
  for (const std::uint8_t format : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
    const auto row = model::decode_piece(framed(RecordTag::piece, input, format));
    if (!row.ok()) continue;
    const auto layout = spind::content::FrameLayout::of(*row);
    if (layout.ok()) require(layout->size() == row->stored_bytes);
  }
}

// Any bytes name a vault. Those that nothing is called are a tenant's, and lead to no other vault's
// name.
void try_vault_name(std::string_view input) {
  namespace model = spind::model;
  for (const std::string& bytes :
       {std::string(input), std::string(input) + '\0' + std::string(16, 's')}) {
    const model::VaultName name = model::decode_vault_name(bytes);
    require(name.tenant.find('\0') == std::string::npos);
    const std::string again = model::encode(name);
    require(bytes.starts_with(again));
    require(!name.space || again == bytes);
    require(model::decode_vault_name(again) == name);
  }
}

// The header has no checksum: what it says is bound into the seal of the bytes behind it.
void try_sealed_row(std::string_view input) {
  namespace model = spind::model;
  const std::string begun = model::encode(model::SealedRowHeader{}).substr(0, 2);
  for (const std::string& value : {std::string(input), begun + std::string(input)}) {
    const auto header = model::decode_sealed_row_header(value);
    if (!header.ok()) continue;
    require(value.size() >= model::kSealedRowExtraBytes);
    require(!model::is_plain_row(value));
    const std::string again = model::encode(*header);
    require(again.size() == model::kSealedRowHeaderBytes && value.starts_with(again));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace model = spind::model;
  if (size == 0) return 0;
  const std::string_view rest = spind::fuzz::text(data + 1, size - 1);
  switch (data[0] % kKinds) {
    case 0: try_record(RecordTag::version, rest, model::decode_version); break;
    case 1:
      try_record(RecordTag::node, rest,
                 [](std::string_view row) { return model::decode_node(row); });
      break;
    case 2: try_record(RecordTag::locator, rest, model::decode_locator); break;
    case 3: try_record(RecordTag::trash, rest, model::decode_trash); break;
    case 4: try_record(RecordTag::space, rest, model::decode_space); break;
    case 5: try_record(RecordTag::head, rest, model::decode_head); break;
    case 6:
      try_record(RecordTag::manifest, rest, model::decode_manifest, model::encode_manifest);
      break;
    case 7: try_record(RecordTag::count, rest, model::decode_count, model::encode_count); break;
    case 8: try_inline(rest); break;
    case 9: try_piece_row(rest); break;
    case 10: try_record(RecordTag::pack, rest, model::decode_pack); break;
    case 11: try_record(RecordTag::number, rest, model::decode_number, model::encode_number); break;
    case 12:
      try_frame(rest);
      try_grow(rest);
      break;
    case 13: try_record(RecordTag::mark, rest, model::decode_mark); break;
    case 14: try_record(RecordTag::upload, rest, model::decode_upload); break;
    case 15:
      try_record(RecordTag::property, rest, model::decode_property, model::encode_property);
      break;
    case 16: try_record(RecordTag::aside, rest, model::decode_aside); break;
    case 17: try_record(RecordTag::scrub, rest, model::decode_scrub); break;
    case 18: try_favourite(rest); break;
    case 19: try_record(RecordTag::vault_keys, rest, model::decode_vault_keys); break;
    case 20: try_record(RecordTag::vault_secret, rest, model::decode_vault_secret); break;
    case 21: try_record(RecordTag::key_check, rest, model::decode_key_check); break;
    case 22: try_record(RecordTag::blob_owner, rest, model::decode_blob_owner); break;
    case 23: try_record(RecordTag::blob_move, rest, model::decode_blob_move); break;
    case 24: try_vault_name(rest); break;
    case kKinds - 1: try_sealed_row(rest); break;
    default: require(false);
  }
  return 0;
}
