// Mends of references, holders, pieces and uploads, and those that any row can have.
#include <algorithm>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/try.h"
#include "content/needs.h"
#include "content/packs.h"
#include "upkeep/findings.h"
#include "upkeep/mend_rows.h"
#include "upkeep/mends.h"

namespace spind::upkeep {

using kv::Family;
using kv::Transaction;
using model::SpaceRow;

namespace {

// Every key begins with its partition: of a space, of a vault's bucket, or of one letter.
std::string partition_of(const std::string& key) {
  constexpr std::size_t kSpaceBytes = 17, kBucketBytes = 18;
  if (key[0] == 's') return key.substr(0, kSpaceBytes);
  return key.substr(0, key[0] == 'v' ? kBucketBytes : 1);
}

Result<bool> is_held(const Transaction& rows, const model::VaultId& vault,
                     const model::PieceId& piece) {
  const std::string prefix = model::holders_prefix(vault, piece);
  const auto cursor = rows.scan(Family::content, prefix, model::end_of(prefix));
  SPIND_TRY(cursor->status());
  return cursor->valid();
}

}  // namespace

std::string subject_of(std::uint64_t number) {
  std::string bytes;
  Encoder(bytes).u64_be(number);
  return bytes;
}

Mend note_only(std::string subject) { return {nullptr, {}, std::move(subject)}; }

Mend take_away(Kind kind, const SpaceId& space, NodeId node, std::string text, Family family,
               std::string key) {
  return {
      [=](Transaction& rows) -> Result<Mended> {
        SPIND_TRY(move_aside(rows, model::space_partition(space), kind, node, text, family, key));
        return Mended::aside;
      },
      {},
      {}};
}

Mend put_row(Family family, std::string key, std::string value) {
  std::string partition = partition_of(key);
  return {[=](Transaction& rows) -> Result<Mended> {
            rows.put(family, key, value);
            return Mended::good;
          },
          {std::move(partition)},
          {}};
}

Mend erase_row(Family family, std::string key) {
  std::string partition = partition_of(key);
  return {[=](Transaction& rows) -> Result<Mended> {
            rows.erase(family, key);
            return Mended::good;
          },
          {std::move(partition)},
          {}};
}

Mend put_if_there(std::string row, std::string index) {
  std::string partition = partition_of(index);
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const auto there, rows.get(Family::state, row));
            if (!there) return Mended::nothing;
            rows.put(Family::state, index, "");
            return Mended::good;
          },
          {std::move(partition)},
          {}};
}

Mend erase_unless_there(std::string row, std::string index) {
  std::string partition = partition_of(index);
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const auto there, rows.get(Family::state, row));
            if (there) return Mended::nothing;
            rows.erase(Family::state, index);
            return Mended::good;
          },
          {std::move(partition)},
          {}};
}

// Writers count up and down meanwhile, so what is wrong is a difference.
Mend count_references(const SpaceId& space, const model::PieceId& piece, std::uint64_t seen,
                      std::uint64_t expected) {
  return {[=](Transaction& rows) -> Result<Mended> {
            const std::string key = model::reference_key(space, piece);
            SPIND_TRY_ASSIGN(const auto row, rows.get(Family::state, key));
            const auto count = row ? model::decode_count(*row) : Result<std::uint64_t>(0);
            const std::uint64_t now = count.ok() ? *count + expected - seen : expected;
            if (now == 0)
              rows.erase(Family::state, key);
            else
              rows.put(Family::state, key, model::encode_count(now));
            return Mended::good;
          },
          {},
          {}};
}

Mend hold_piece(const content::Owner& owner, const model::PieceId& piece) {
  const model::VaultId vault = model::vault_of(owner.vault);
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const bool needed, content::needs(rows, owner.space, piece));
            if (!needed) return Mended::nothing;
            rows.put(Family::content, model::ledger_vault_key(vault), owner.vault);
            rows.put(Family::content, model::holder_key(vault, piece, owner.space), "");
            rows.erase(Family::content, model::condemned_key(vault, piece));
            SPIND_TRY_ASSIGN(const auto row,
                             rows.get(Family::content, model::piece_key(vault, piece)));
            return row ? Mended::good : Mended::cannot;
          },
          {model::space_partition(owner.space), model::bucket_of(vault, piece),
           model::ledger_partition()},
          std::string(as_text(Bytes(piece)))};
}

// The collector looks at each of them, and lets go of those that do not refer to the piece.
Mend note_holders(const model::VaultId& vault, const model::PieceId& piece) {
  return {[=](Transaction& rows) -> Result<Mended> {
            const std::string prefix = model::holders_prefix(vault, piece);
            std::vector<SpaceId> holders;
            const auto cursor = rows.scan(Family::content, prefix, model::end_of(prefix));
            for (; cursor->valid() && holders.size() < kMendRowsMax; cursor->next())
              holders.push_back(model::space_in_key(cursor->key()));
            SPIND_TRY(cursor->status());
            for (const SpaceId& space : holders) content::reconsider(rows, vault, space, piece);
            return holders.empty() ? Mended::nothing : Mended::good;
          },
          {model::bucket_of(vault, piece)},
          {}};
}

Mend condemn_piece(const model::VaultId& vault, const model::PieceId& piece, std::int64_t now_ms) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const bool held, is_held(rows, vault, piece));
            if (held) return Mended::nothing;
            const std::string key = model::condemned_key(vault, piece);
            SPIND_TRY_ASSIGN(const auto row, rows.get(Family::content, key));
            if (row) return Mended::nothing;
            rows.put(Family::content, key,
                     model::encode_number(static_cast<std::uint64_t>(now_ms)));
            return Mended::good;
          },
          {model::bucket_of(vault, piece)},
          {}};
}

Mend acquit_piece(const model::VaultId& vault, const model::PieceId& piece) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const bool held, is_held(rows, vault, piece));
            if (!held) return Mended::nothing;
            rows.erase(Family::content, model::condemned_key(vault, piece));
            return Mended::good;
          },
          {model::bucket_of(vault, piece)},
          {}};
}

// Its bytes are gone, or others. Whoever stores them again makes it whole.
Mend lost_piece(const model::VaultId& vault, const model::PieceId& piece) {
  return {nullptr, {model::bucket_of(vault, piece)}, std::string(as_text(Bytes(piece)))};
}

Mend leave_open(model::LedgerRow row, std::uint64_t number) {
  return {[=](Transaction& rows) -> Result<Mended> {
            for (const model::LedgerRow tag : content::kPackTags)
              rows.erase(Family::content, model::ledger_key(tag, number));
            rows.put(Family::content, model::ledger_key(row, number),
                     row == model::LedgerRow::pack_open ? model::encode(model::PackRow{})
                                                        : model::encode_number(1));
            return Mended::good;
          },
          {model::ledger_partition()},
          {}};
}

Mend keep_blob(const model::VaultId& vault, const model::PieceId& piece, std::uint64_t number) {
  return {nullptr, {model::bucket_of(vault, piece)}, subject_of(number)};
}

Mend raise_next_number(std::uint64_t number) {
  return {[=](Transaction& rows) -> Result<Mended> {
            const std::string key = model::next_number_key();
            SPIND_TRY_ASSIGN(const auto row, rows.get(Family::content, key));
            const auto now = row ? model::decode_number(*row) : Result<std::uint64_t>(0);
            if (now.ok() && *now >= number) return Mended::nothing;
            rows.put(Family::content, key, model::encode_number(number));
            return Mended::good;
          },
          {model::ledger_partition()},
          {}};
}

Mend take_upload_away(const SpaceId& space, EntryNumber upload, std::string text) {
  return {[=](Transaction& rows) -> Result<Mended> {
            const std::string partition = model::space_partition(space);
            SPIND_TRY(move_aside(rows, partition, Kind::upload, 0, text, Family::state,
                                 model::upload_key(space, upload)));
            return Mended::aside;
          },
          {},
          {}};
}

// Pieces of uploads that are not there.
Mend take_settled_away(const SpaceId& space, std::string text) {
  return {[=](Transaction& rows) -> Result<Mended> {
            const std::string prefix = model::row_prefix(space, SpaceRow::settled);
            std::vector<std::string> stray;
            const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
            for (; cursor->valid() && stray.size() < kMendRowsMax; cursor->next()) {
              const std::string_view rest = cursor->key().substr(prefix.size());
              const EntryNumber upload = Decoder(rest.substr(0, 8)).u64_be();
              SPIND_TRY_ASSIGN(const auto row,
                               rows.get(Family::state, model::upload_key(space, upload)));
              if (!row) stray.emplace_back(cursor->key());
            }
            SPIND_TRY(cursor->status());
            for (const std::string& key : stray)
              SPIND_TRY(move_aside(rows, model::space_partition(space), Kind::upload, 0, text,
                                   Family::state, key));
            return stray.empty() ? Mended::nothing : Mended::aside;
          },
          {},
          {}};
}

}  // namespace spind::upkeep
