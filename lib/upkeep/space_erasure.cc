#include "upkeep/space_erasure.h"

#include <algorithm>

#include "base/try.h"
#include "content/needs.h"

namespace spind::upkeep {

using kv::Family;
using model::SpaceRow;

namespace {

// The piece that a row of references or of what fell away ends with; none: the key is broken.
std::optional<model::PieceId> piece_in(std::string_view key) {
  model::PieceId piece{};
  if (key.size() < model::space_partition({}).size() + 1 + piece.size()) return std::nullopt;
  std::copy_n(key.end() - static_cast<std::ptrdiff_t>(piece.size()), piece.size(), piece.begin());
  return piece;
}

}  // namespace

// The vault is told first, while rows still say what it keeps. The head and the record go last, so
// that whoever begins anew finds the space, and finds it to be one that goes.
Status SpaceErasure::run() {
  SPIND_TRY(let_go_of_pieces(SpaceRow::dropped));
  SPIND_TRY(let_go_of_pieces(SpaceRow::reference));
  for (const Family family : {Family::attachment, Family::journal, Family::state})
    SPIND_TRY(erase_rows(family));
  return erase_last_rows();
}

// A piece whose last row goes is one that the space needs no more; the collector then takes the
// holder away. No collection runs meanwhile, as in SpaceReclaim.
Status SpaceErasure::let_go_of_pieces(SpaceRow row) {
  std::string next = model::row_prefix(space_, row);
  const std::string end = model::end_of(next);
  for (;;) {
    std::vector<std::string> keys, partitions = {model::space_partition(space_)};
    const auto cursor = kv_.durable()->scan(Family::state, next, end);
    for (; cursor->valid() && keys.size() < kPiecesAStep; cursor->next()) {
      keys.emplace_back(cursor->key());
      if (const auto piece = piece_in(keys.back()))
        partitions.push_back(model::bucket_of(vault_, *piece));
    }
    SPIND_TRY(cursor->status());
    if (keys.empty()) return {};
    auto no_collection = content_.collector_lock();
    no_collection.lock();
    SPIND_TRY(commit_(std::move(partitions), [&](kv::Transaction& rows, space::State&) -> Status {
      for (const std::string& key : keys) {
        rows.erase(Family::state, key);
        const auto piece = piece_in(key);
        if (!piece) continue;
        if (row == SpaceRow::dropped)
          rows.erase(Family::state, model::kept_key(space_, *piece, model::entry_in_key(key)));
        SPIND_TRY_ASSIGN(const bool needed, content::needs(rows, space_, *piece));
        if (!needed) content::reconsider(rows, vault_, space_, *piece);
      }
      return {};
    }));
    next = keys.back() + '\0';
  }
}

Status SpaceErasure::erase_rows(Family family) {
  std::string next = model::space_partition(space_);
  const std::string end = model::end_of(next);
  const std::string head = model::head_key(space_), info = model::info_key(space_);
  for (;;) {
    std::vector<std::string> keys;
    const auto cursor = kv_.durable()->scan_keys(family, next, end);
    for (; cursor->valid() && keys.size() < kRowsAStep; cursor->next())
      if (cursor->key() != head && cursor->key() != info) keys.emplace_back(cursor->key());
    SPIND_TRY(cursor->status());
    if (keys.empty()) return {};
    SPIND_TRY(commit_({model::space_partition(space_)},
                      [&](kv::Transaction& rows, space::State&) -> Status {
                        for (const std::string& key : keys) rows.erase(family, key);
                        return {};
                      }));
    next = keys.back() + '\0';
  }
}

// That the id is taken stays in the catalogue.
Status SpaceErasure::erase_last_rows() {
  return commit_({model::space_partition(space_), model::waiting_uploads_key(space_),
                  model::waiting_thinning_key(space_)},
                 [&](kv::Transaction& rows, space::State&) -> Status {
                   rows.erase(Family::state, model::waiting_uploads_key(space_));
                   rows.erase(Family::state, model::waiting_thinning_key(space_));
                   rows.erase(Family::state, model::head_key(space_));
                   rows.erase_announced(Family::state, model::info_key(space_));
                   return {};
                 });
}

}  // namespace spind::upkeep
