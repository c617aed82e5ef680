// How records share their frame and their common fields. Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "base/codec.h"
#include "model/records.h"
#include "model/upload_record.h"

namespace spind::model {

// A record begins with a byte that names its kind and one for the format's version, and ends with a
// checksum, so that a row that strayed to another key is told from one that belongs there.
enum class RecordTag : std::uint8_t {
  version = 'V',
  node = 'N',
  locator = 'L',
  trash = 'T',
  space = 'S',
  head = 'H',
  manifest = 'M',
  count = 'C',
  skeleton = 'J',
  payload = 'Y',
  piece = 'P',
  pack = 'K',
  number = 'U',
  inline_content = 'I',
  mark = 'A',
  property = 'O',
  upload = 'W',
  scrub = 'R',
  aside = 'Q',
  blob_owner = 'B',
  blob_move = 'F',
  vault_keys = 'E',
  key_check = 'X',
  vault_secret = 'Z',
};
inline constexpr std::uint8_t kRecordFormat = 1;

// Of piece rows: the second one names the size of each frame, the third also the generation of its
// key.
inline constexpr std::uint8_t kPieceFormat = 2;
inline constexpr std::uint8_t kSealedPieceFormat = 3;

// Of the keys of a vault that is being encrypted: a library that knows no such vault must not seal
// there.
inline constexpr std::uint8_t kEncryptingKeysFormat = 2;

inline std::string begin_record(RecordTag tag, std::size_t reserve_bytes = 128,
                                std::uint8_t format = kRecordFormat) {
  std::string out;
  out.reserve(reserve_bytes);
  Encoder(out).u8(static_cast<std::uint8_t>(tag)).u8(format);
  return out;
}

inline std::string finish_record(std::string record) {
  seal(record);
  return record;
}

Error corrupt_record(std::string_view what);

// Checks the frame and gives the bytes between, of any format from 1 to the newest one of the kind.
Result<std::string_view> open_record(RecordTag tag, std::string_view bytes, std::string_view what,
                                     std::uint8_t newest_format = kRecordFormat);
inline std::uint8_t format_of(std::string_view record) {
  return static_cast<std::uint8_t>(record[1]);
}

// Of space records. What one of before could not say is at its default in the earlier formats,
// which still hold whatever they can, so that an old row stays as it was when it is put back.
inline constexpr std::uint8_t kSpaceFormat = 5;
inline std::uint8_t format_needed(const SpaceRecord& space) {
  if (space.vault != VaultRule::tenant) return 5;
  if (space.pieces != PieceRule::fixed) return 4;
  const bool second = space.trash == TrashPolicy{} && space.versions == VersionPolicy{} &&
                      space.state != SpaceStatus::purged;
  if (!second) return 3;
  const bool first = space.floor == FloorPolicy{} && space.state == SpaceStatus::active &&
                     space.image == 0 && space.readme == 0;
  return first ? kRecordFormat : 2;
}

// Parts of records that entries hold as well; without a frame.
void encode_part(Encoder& out, const VersionRecord& version);
void encode_part(Encoder& out, const NodeRecord& node);
void encode_part(Encoder& out, const SpaceRecord& space, std::uint8_t format);
void encode_part(Encoder& out, const MarkRecord& mark);
void encode_part(Encoder& out, const UploadRecord& upload);
void encode_part(Encoder& out, const UploadProgress& progress);
VersionRecord decode_version_part(Decoder& in);
NodeRecord decode_node_part(Decoder& in);
// Into what held another record before.
void decode_part(Decoder& in, VersionRecord& version);
void decode_part(Decoder& in, NodeRecord& node);
SpaceRecord decode_space_part(Decoder& in, std::uint8_t format);
MarkRecord decode_mark_part(Decoder& in);
UploadRecord decode_upload_part(Decoder& in);
UploadProgress decode_progress_part(Decoder& in);

// Behind a byte that says which there are, as PutOptions::checksums_wanted does.
void encode_checksums(Encoder& out, const Checksums& checksums);
Checksums decode_checksums(Decoder& in);

template <std::size_t kSize>
std::array<std::uint8_t, kSize> decode_array(Decoder& in) {
  std::array<std::uint8_t, kSize> out{};
  const std::string_view bytes = in.raw(kSize);
  if (bytes.size() == kSize) std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

}  // namespace spind::model
