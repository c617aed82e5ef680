// The rows about content, in the family `content`: what each vault holds, who holds on to it, and
// where its bytes lie. README.md has the bytes.
//
// A vault is the domain within which equal pieces are stored once; there is one a tenant, and one
// of each space that has its own. It is spread over 256 partitions ("buckets") by the first byte of
// the piece id, so that uploads seldom meet. The ledger is one partition for the whole store: it
// says which blob numbers and packs are in use, so that after a crash only those that were open
// have to be looked at.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/content_ref.h"
#include "spind/result.h"
#include "spind/types.h"

namespace spind::model {

using VaultId = std::array<std::uint8_t, 16>;
// What a vault is called: its tenant; where it is one space's own, then 0 and the id of the space,
// so that no tenant's is called like it.
struct VaultName {
  std::string tenant;
  std::optional<SpaceId> space{};
  bool operator==(const VaultName&) const = default;
};
std::string encode(const VaultName& name);
VaultName decode_vault_name(std::string_view name);
VaultId vault_of(std::string_view name);

// Where the stored bytes of a piece lie.
struct BlobPlace {
  enum class Kind : std::uint8_t { object = 1, pack = 2 };
  Kind kind = Kind::object;
  std::uint64_t number = 0;  // of the object or of the pack
  std::uint64_t offset = 0;  // in the pack; 0 in an object
  bool operator==(const BlobPlace&) const = default;
};

struct PieceRow {
  BlobPlace place;
  std::uint64_t size_bytes = 0;    // of the piece
  std::uint64_t stored_bytes = 0;  // of its frames, with their headers
  // What is stored of each frame behind its header; none where frames of format 1 are stored, which
  // are as long as what they hold.
  std::vector<std::uint32_t> frame_bytes{};
  // Of the vault's data key that its frames are sealed with; 0: they are not.
  std::uint32_t generation = 0;
  bool operator==(const PieceRow&) const = default;
};

// A bucket's rows. A piece that nobody holds any more gets a `condemned` row; once its grace has
// passed, its `piece` row becomes a `doomed` row, which new uploads do not see: they write the
// bytes anew, under another number.
#define SPIND_VAULT_ROWS(ROW)                                                                      \
  ROW(piece, 'p')     /* piece 32                         PieceRow                            */   \
  ROW(holder, 'h')    /* piece 32, space 16               –                                   */ \
  ROW(unchecked, 'q') /* piece 32, space 16               –    claimed; see Collector         */ \
  ROW(condemned, 'c') /* piece 32                         wall time in ms                     */   \
  ROW(doomed, 'd')    /* kind u8, number u64, offset u64  PieceRow                            */

enum class VaultRow : char {
#define SPIND_ROW(name, tag) name = tag,
  SPIND_VAULT_ROWS(SPIND_ROW)
#undef SPIND_ROW
};

std::string bucket_partition(const VaultId& vault, std::uint8_t bucket);
inline std::string bucket_of(const VaultId& vault, const PieceId& piece) {
  return bucket_partition(vault, piece[0]);
}
std::string piece_key(const VaultId& vault, const PieceId& piece);
std::string holder_key(const VaultId& vault, const PieceId& piece, const SpaceId& space);
std::string unchecked_key(const VaultId& vault, const PieceId& piece, const SpaceId& space);
std::string condemned_key(const VaultId& vault, const PieceId& piece);
std::string doomed_key(const VaultId& vault, std::uint8_t bucket, const BlobPlace& place);
// All rows of a kind in a bucket, and all holders of a piece.
std::string bucket_prefix(const VaultId& vault, std::uint8_t bucket, VaultRow row);
std::string holders_prefix(const VaultId& vault, const PieceId& piece);

// The piece in a piece, holder, unchecked or condemned key; the space in a holder or unchecked key.
// The key must be of that kind: callers got it from a scan over that kind's prefix.
PieceId piece_in_key(std::string_view key);
SpaceId space_in_key(std::string_view key);

// The ledger's rows. A pack's row moves from tag to tag as its state changes.
#define SPIND_LEDGER_ROWS(ROW)                                                                     \
  ROW(next_number, 'n')  /* –               the next blob number that nobody reserved         */ \
  ROW(range, 'r')        /* first u64       how many numbers; there while it is open          */   \
  ROW(pack_range, 'q')   /* first u64       the same, of packs that are objects               */   \
  ROW(vault, 'v')        /* vault 16        tenant                                            */   \
  ROW(pack_open, 'o')    /* number u64      PackRow: a run of the store appends to it         */   \
  ROW(pack_idle, 'i')    /* number u64      PackRow: has room, nobody appends                 */   \
  ROW(pack_full, 'f')    /* number u64      PackRow                                           */   \
  ROW(pack_sparse, 'm')  /* number u64      PackRow: mostly dead, and being emptied           */   \
  ROW(pack_removed, 'x') /* number u64      PackRow: nothing in it is in use                  */   \
  ROW(pack_brought, 'u') /* number u64      PackRow: local; its pieces lie in the blob store  */   \
  ROW(scrub, 's')        /* –               ScrubRow                                          */ \
  ROW(blob_owner, 'w') /* –               BlobOwnerRow: where a host gives the blob store    */  \
  ROW(blob_move, 'z')  /* –               BlobMoveRow: while the blobs move elsewhere       */   \
  ROW(vault_keys, 'e') /* vault 16        VaultKeysRow: the vault is encrypted              */     \
  ROW(key_check, 'k')  /* –               KeyCheckRow: every new vault is encrypted         */

enum class LedgerRow : char {
#define SPIND_ROW(name, tag) name = tag,
  SPIND_LEDGER_ROWS(SPIND_ROW)
#undef SPIND_ROW
};

struct PackRow {
  std::uint64_t end_bytes = 0;  // every frame before it is in use or counted as dead
  std::uint64_t dead_bytes = 0;
  bool operator==(const PackRow&) const = default;
};

// How far the reading of all stored bytes has come: first pieces, then attachments.
inline constexpr std::string_view kBeforeAttachments = "s";
struct ScrubRow {
  // The key of the row that was read last; empty before the first, kBeforeAttachments between.
  std::string position;
  std::uint64_t bytes = 0, findings = 0;  // of this round
  std::int64_t completed_ms = 0;          // when the last whole round ended; 0: there was none
  bool operator==(const ScrubRow&) const = default;
};

// What the store has claimed of a blob store that its host gives: see content/blob_owner.h.
struct BlobOwnerRow {
  std::array<std::uint8_t, 16> store{};  // made with the store, and the same in all copies of it
  std::uint64_t epoch = 0;               // 0: a copy, which has claimed nothing
  std::uint64_t claim = 0, claim_before = 0;  // of this epoch, and of the one before
  bool operator==(const BlobOwnerRow&) const = default;
};

// How far a store is that moves its blobs to another place: see content/blob_move.h.
struct BlobMoveRow {
  enum class State : std::uint8_t {
    copying = 1,       // the store still lives at the old place
    take_in = 2,       // it lives in its folder, where what came is not at its place yet
    clear_folder = 3,  // it lives elsewhere, and what lay in its folder is still there
    left_place = 4,    // it lives where it is to, and a place that a host gave was not emptied
  };
  State state = State::copying;
  // Made with the move. left_place: not all zero when nothing but claims lies there any more.
  std::array<std::uint8_t, 16> move{};
  // clear_folder: those of the packs that lay there are lower. take_in, left_place: the last claim
  // on the place that the store left.
  std::uint64_t number = 0;
  bool operator==(const BlobMoveRow&) const = default;
};

// The keys of an encrypted vault, sealed under a secret that lies outside these rows: what a row
// once held lingers in files of the metadata long after it was replaced.
struct VaultKeysRow {
  enum class State : std::uint8_t {
    in_use = 1,
    destroyed = 2,
    encrypting = 3,  // in use, and what was stored before there were keys may still be plain
  };
  State state = State::in_use;
  std::uint64_t generation = 0;  // of the newest data key; the first is 1
  std::string box;               // id key, record key, data keys from the first on; none: destroyed
  bool operator==(const VaultKeysRow&) const = default;
};

// The secret of a vault as its file holds it, and that which shows whether a provider's keys are
// those of the store: 32 bytes, wrapped.
struct VaultSecret {
  VaultId vault{};
  std::string key_id;
  std::string wrapped;
  bool operator==(const VaultSecret&) const = default;
};
struct KeyCheckRow {
  std::string key_id;
  std::string wrapped;
  std::array<std::uint8_t, 32> sha256{};  // of what is wrapped
  bool operator==(const KeyCheckRow&) const = default;
};
inline constexpr std::uint64_t kGenerationsMax = 1024;  // of a vault's data key
inline constexpr std::size_t kWrappingKeyIdBytesMax = 255;
inline constexpr std::size_t kWrappedSecretBytesMax = 4096;

std::string ledger_partition();
std::string ledger_prefix(LedgerRow row);
std::string ledger_key(LedgerRow row, std::uint64_t number);  // range and packs
std::string next_number_key();
std::string scrub_key();
std::string blob_owner_key();
std::string blob_move_key();
std::string key_check_key();
std::string vault_keys_key(const VaultId& vault);
std::string ledger_vault_key(const VaultId& vault);
VaultId vault_in_key(std::string_view key);

std::string encode(const PieceRow& row);
std::string encode(const PackRow& row);
std::string encode(const ScrubRow& row);
std::string encode(const BlobOwnerRow& row);
std::string encode(const BlobMoveRow& row);
std::string encode(const VaultKeysRow& row);
std::string encode(const VaultSecret& secret);
std::string encode(const KeyCheckRow& row);
std::string encode_number(std::uint64_t number);
Result<PieceRow> decode_piece(std::string_view bytes);
Result<PackRow> decode_pack(std::string_view bytes);
Result<ScrubRow> decode_scrub(std::string_view bytes);
Result<BlobOwnerRow> decode_blob_owner(std::string_view bytes);
Result<BlobMoveRow> decode_blob_move(std::string_view bytes);
Result<VaultKeysRow> decode_vault_keys(std::string_view bytes);
Result<VaultSecret> decode_vault_secret(std::string_view bytes);
Result<KeyCheckRow> decode_key_check(std::string_view bytes);
Result<std::uint64_t> decode_number(std::string_view bytes);

}  // namespace spind::model
