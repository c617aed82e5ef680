#include "model/vault_rows.h"

#include <algorithm>

#include "base/codec.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/try.h"
#include "model/record_codec.h"

namespace spind::model {
namespace {

constexpr std::size_t kBucketBytes = 18;  // 'v', vault, bucket
constexpr std::size_t kPieceBytes = 32;
constexpr std::string_view kLedger = "b";

// What is missing of a key that is too short counts as zeros.
template <class Id>
Id id_in(std::string_view key, std::size_t offset) {
  const std::string_view bytes = key.substr(std::min(offset, key.size()));
  Id id{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.size()), id.begin());
  return id;
}

// The key of a piece row, that of an attachment, or what comes before the first attachment.
bool is_scrub_position(std::string_view key) {
  constexpr std::size_t kPieceKeyBytes = kBucketBytes + 1 + kPieceBytes;
  constexpr std::size_t kAttachmentKeyBytes = 17 + 1 + 12;
  if (key.empty() || key == kBeforeAttachments) return true;
  return (key[0] == 'v' && key.size() == kPieceKeyBytes) ||
         (key[0] == kBeforeAttachments[0] && key.size() == kAttachmentKeyBytes);
}

std::string piece_row_key(const VaultId& vault, VaultRow row, const PieceId& piece) {
  std::string key = bucket_prefix(vault, piece[0], row);
  key.append(as_text(Bytes(piece)));
  return key;
}

std::string holder_row_key(const VaultId& vault, VaultRow row, const PieceId& piece,
                           const SpaceId& space) {
  std::string key = piece_row_key(vault, row, piece);
  key.append(as_text(Bytes(space.bytes)));
  return key;
}

}  // namespace

std::string encode(const VaultName& name) {
  std::string bytes = name.tenant;
  if (name.space) bytes.append(1, '\0').append(as_text(name.space->bytes));
  return bytes;
}

VaultName decode_vault_name(std::string_view name) {
  const std::size_t end = name.find('\0');
  VaultName decoded{std::string(name.substr(0, end))};
  SpaceId space;
  if (end == std::string_view::npos || name.size() - end - 1 != space.bytes.size()) return decoded;
  std::copy_n(name.end() - static_cast<std::ptrdiff_t>(space.bytes.size()), space.bytes.size(),
              space.bytes.begin());
  decoded.space = space;
  return decoded;
}

VaultId vault_of(std::string_view name) {
  const auto digest = sha256(as_bytes("vault:" + std::string(name)));
  VaultId vault{};
  std::copy_n(digest.begin(), vault.size(), vault.begin());
  return vault;
}

std::string bucket_partition(const VaultId& vault, std::uint8_t bucket) {
  std::string key;
  key.reserve(kBucketBytes + 1 + kPieceBytes + 16);
  key.push_back('v');
  key.append(as_text(Bytes(vault)));
  key.push_back(static_cast<char>(bucket));
  return key;
}

std::string bucket_prefix(const VaultId& vault, std::uint8_t bucket, VaultRow row) {
  std::string key = bucket_partition(vault, bucket);
  key.push_back(static_cast<char>(row));
  return key;
}

std::string piece_key(const VaultId& vault, const PieceId& piece) {
  return piece_row_key(vault, VaultRow::piece, piece);
}

std::string holder_key(const VaultId& vault, const PieceId& piece, const SpaceId& space) {
  return holder_row_key(vault, VaultRow::holder, piece, space);
}

std::string unchecked_key(const VaultId& vault, const PieceId& piece, const SpaceId& space) {
  return holder_row_key(vault, VaultRow::unchecked, piece, space);
}

std::string condemned_key(const VaultId& vault, const PieceId& piece) {
  return piece_row_key(vault, VaultRow::condemned, piece);
}

std::string doomed_key(const VaultId& vault, std::uint8_t bucket, const BlobPlace& place) {
  std::string key = bucket_prefix(vault, bucket, VaultRow::doomed);
  Encoder(key).u8(static_cast<std::uint8_t>(place.kind)).u64_be(place.number).u64_be(place.offset);
  return key;
}

std::string holders_prefix(const VaultId& vault, const PieceId& piece) {
  return piece_row_key(vault, VaultRow::holder, piece);
}

PieceId piece_in_key(std::string_view key) { return id_in<PieceId>(key, kBucketBytes + 1); }

SpaceId space_in_key(std::string_view key) {
  return {id_in<decltype(SpaceId::bytes)>(key, kBucketBytes + 1 + kPieceBytes)};
}

std::string ledger_partition() { return std::string(kLedger); }

std::string ledger_prefix(LedgerRow row) {
  return std::string(kLedger).append(1, static_cast<char>(row));
}

std::string ledger_key(LedgerRow row, std::uint64_t number) {
  std::string key = ledger_prefix(row);
  Encoder(key).u64_be(number);
  return key;
}

std::string next_number_key() { return ledger_prefix(LedgerRow::next_number); }
std::string scrub_key() { return ledger_prefix(LedgerRow::scrub); }
std::string blob_owner_key() { return ledger_prefix(LedgerRow::blob_owner); }
std::string blob_move_key() { return ledger_prefix(LedgerRow::blob_move); }
std::string key_check_key() { return ledger_prefix(LedgerRow::key_check); }

std::string vault_keys_key(const VaultId& vault) {
  return ledger_prefix(LedgerRow::vault_keys).append(as_text(Bytes(vault)));
}

std::string ledger_vault_key(const VaultId& vault) {
  return ledger_prefix(LedgerRow::vault).append(as_text(Bytes(vault)));
}

VaultId vault_in_key(std::string_view key) { return id_in<VaultId>(key, kLedger.size() + 1); }

namespace {

// Whether the sizes of all frames are there, and can be.
bool decode_frame_bytes(Decoder& in, PieceRow& row) {
  for (std::uint64_t begin = 0; begin < row.size_bytes; begin += kFrameBytesMax) {
    const std::uint64_t bytes = in.varint();
    if (bytes == 0 || bytes > std::min<std::uint64_t>(row.size_bytes - begin, kFrameBytesMax))
      return false;
    row.frame_bytes.push_back(static_cast<std::uint32_t>(bytes));
  }
  return !row.frame_bytes.empty();
}

}  // namespace

std::string encode(const PieceRow& row) {
  const std::uint8_t format = row.generation != 0       ? kSealedPieceFormat
                              : row.frame_bytes.empty() ? kRecordFormat
                                                        : kPieceFormat;
  std::string out = begin_record(RecordTag::piece, 48 + 3 * row.frame_bytes.size(), format);
  Encoder encoder(out);
  encoder.u8(static_cast<std::uint8_t>(row.place.kind))
      .varint(row.place.number)
      .varint(row.place.offset)
      .varint(row.size_bytes)
      .varint(row.stored_bytes);
  if (row.generation != 0) encoder.varint(row.generation);
  for (const std::uint32_t bytes : row.frame_bytes) encoder.varint(bytes);
  return finish_record(std::move(out));
}

Result<PieceRow> decode_piece(std::string_view bytes) {
  constexpr std::string_view kWhat = "piece";
  SPIND_TRY_ASSIGN(const std::string_view body,
                   open_record(RecordTag::piece, bytes, kWhat, kSealedPieceFormat));
  Decoder in(body);
  PieceRow row;
  row.place.kind = BlobPlace::Kind{in.u8()};
  row.place.number = in.varint();
  row.place.offset = in.varint();
  row.size_bytes = in.varint();
  row.stored_bytes = in.varint();
  const bool known =
      row.place.kind == BlobPlace::Kind::object || row.place.kind == BlobPlace::Kind::pack;
  if (!known || row.size_bytes > kPieceBytesMax) return corrupt_record(kWhat);
  if (format_of(bytes) == kSealedPieceFormat) {
    const std::uint64_t generation = in.varint();
    if (generation == 0 || generation > kGenerationsMax) return corrupt_record(kWhat);
    row.generation = static_cast<std::uint32_t>(generation);
  }
  if (format_of(bytes) != kRecordFormat && !decode_frame_bytes(in, row))
    return corrupt_record(kWhat);
  if (!in.finish()) return corrupt_record(kWhat);
  return row;
}

std::string encode(const PackRow& row) {
  std::string out = begin_record(RecordTag::pack, 24);
  Encoder(out).varint(row.end_bytes).varint(row.dead_bytes);
  return finish_record(std::move(out));
}

Result<PackRow> decode_pack(std::string_view bytes) {
  constexpr std::string_view kWhat = "pack";
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::pack, bytes, kWhat));
  Decoder in(body);
  PackRow row;
  row.end_bytes = in.varint();
  row.dead_bytes = in.varint();
  if (!in.finish()) return corrupt_record(kWhat);
  return row;
}

std::string encode(const ScrubRow& row) {
  std::string out = begin_record(RecordTag::scrub, row.position.size() + 40);
  Encoder(out).bytes(row.position).varint(row.bytes).varint(row.findings).zigzag(row.completed_ms);
  return finish_record(std::move(out));
}

Result<ScrubRow> decode_scrub(std::string_view bytes) {
  constexpr std::string_view kWhat = "scrub";
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::scrub, bytes, kWhat));
  Decoder in(body);
  ScrubRow row;
  row.position = std::string(in.bytes());
  row.bytes = in.varint();
  row.findings = in.varint();
  row.completed_ms = in.zigzag();
  if (!in.finish() || !is_scrub_position(row.position)) return corrupt_record(kWhat);
  return row;
}

std::string encode(const BlobOwnerRow& row) {
  std::string out = begin_record(RecordTag::blob_owner, 56);
  Encoder(out).raw(Bytes(row.store)).varint(row.epoch).u64(row.claim).u64(row.claim_before);
  return finish_record(std::move(out));
}

Result<BlobOwnerRow> decode_blob_owner(std::string_view bytes) {
  constexpr std::string_view kWhat = "blob owner";
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::blob_owner, bytes, kWhat));
  Decoder in(body);
  BlobOwnerRow row;
  row.store = decode_array<16>(in);
  row.epoch = in.varint();
  row.claim = in.u64();
  row.claim_before = in.u64();
  if (!in.finish()) return corrupt_record(kWhat);
  return row;
}

std::string encode(const BlobMoveRow& row) {
  std::string out = begin_record(RecordTag::blob_move, 48);
  Encoder(out).u8(static_cast<std::uint8_t>(row.state)).raw(Bytes(row.move)).u64(row.number);
  return finish_record(std::move(out));
}

Result<BlobMoveRow> decode_blob_move(std::string_view bytes) {
  constexpr std::string_view kWhat = "blob move";
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::blob_move, bytes, kWhat));
  Decoder in(body);
  BlobMoveRow row;
  const std::uint8_t state = in.u8();
  row.state = static_cast<BlobMoveRow::State>(state);
  row.move = decode_array<16>(in);
  row.number = in.u64();
  if (!in.finish() || state < 1 || state > 4) return corrupt_record(kWhat);
  return row;
}

namespace {

bool is_wrapped(std::string_view key_id, std::string_view wrapped) {
  return !key_id.empty() && key_id.size() <= kWrappingKeyIdBytesMax && !wrapped.empty() &&
         wrapped.size() <= kWrappedSecretBytesMax;
}

}  // namespace

std::string encode(const VaultKeysRow& row) {
  const bool second = row.state == VaultKeysRow::State::encrypting;
  std::string out = begin_record(RecordTag::vault_keys, row.box.size() + 24,
                                 second ? kEncryptingKeysFormat : kRecordFormat);
  Encoder(out).u8(static_cast<std::uint8_t>(row.state)).varint(row.generation).bytes(row.box);
  return finish_record(std::move(out));
}

Result<VaultKeysRow> decode_vault_keys(std::string_view bytes) {
  constexpr std::string_view kWhat = "keys of a vault";
  SPIND_TRY_ASSIGN(const std::string_view body,
                   open_record(RecordTag::vault_keys, bytes, kWhat, kEncryptingKeysFormat));
  Decoder in(body);
  VaultKeysRow row;
  row.state = VaultKeysRow::State{in.u8()};
  row.generation = in.varint();
  row.box = std::string(in.bytes());
  const bool second = row.state == VaultKeysRow::State::encrypting;
  const bool in_use = (second || row.state == VaultKeysRow::State::in_use) && !row.box.empty();
  const bool destroyed = row.state == VaultKeysRow::State::destroyed && row.box.empty();
  if (!in.finish() || in_use == destroyed || second != (format_of(bytes) != kRecordFormat) ||
      row.generation == 0 || row.generation > kGenerationsMax)
    return corrupt_record(kWhat);
  return row;
}

std::string encode(const VaultSecret& secret) {
  std::string out = begin_record(RecordTag::vault_secret, secret.wrapped.size() + 64);
  Encoder(out).raw(Bytes(secret.vault)).bytes(secret.key_id).bytes(secret.wrapped);
  return finish_record(std::move(out));
}

Result<VaultSecret> decode_vault_secret(std::string_view bytes) {
  constexpr std::string_view kWhat = "secret of a vault";
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::vault_secret, bytes, kWhat));
  Decoder in(body);
  VaultSecret secret;
  secret.vault = decode_array<16>(in);
  secret.key_id = std::string(in.bytes());
  secret.wrapped = std::string(in.bytes());
  if (!in.finish() || !is_wrapped(secret.key_id, secret.wrapped)) return corrupt_record(kWhat);
  return secret;
}

std::string encode(const KeyCheckRow& row) {
  std::string out = begin_record(RecordTag::key_check, row.wrapped.size() + 64);
  Encoder(out).bytes(row.key_id).bytes(row.wrapped).raw(Bytes(row.sha256));
  return finish_record(std::move(out));
}

Result<KeyCheckRow> decode_key_check(std::string_view bytes) {
  constexpr std::string_view kWhat = "check of the keys";
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::key_check, bytes, kWhat));
  Decoder in(body);
  KeyCheckRow row;
  row.key_id = std::string(in.bytes());
  row.wrapped = std::string(in.bytes());
  row.sha256 = decode_array<32>(in);
  if (!in.finish() || !is_wrapped(row.key_id, row.wrapped)) return corrupt_record(kWhat);
  return row;
}

std::string encode_number(std::uint64_t number) {
  std::string out = begin_record(RecordTag::number, 16);
  Encoder(out).varint(number);
  return finish_record(std::move(out));
}

Result<std::uint64_t> decode_number(std::string_view bytes) {
  constexpr std::string_view kWhat = "number";
  SPIND_TRY_ASSIGN(const std::string_view body, open_record(RecordTag::number, bytes, kWhat));
  Decoder in(body);
  const std::uint64_t number = in.varint();
  if (!in.finish()) return corrupt_record(kWhat);
  return number;
}

}  // namespace spind::model
