// Mends of earlier versions, and of what is kept of content that fell away.
#include <algorithm>

#include "base/try.h"
#include "journal/journal.h"
#include "upkeep/findings.h"
#include "upkeep/mend_rows.h"
#include "upkeep/mends.h"

namespace spind::upkeep {

using kv::Family;
using kv::Transaction;
using model::NodeRecord;
using model::SpaceRow;

namespace {

void put_gaps(Transaction& rows, const SpaceId& space, NodeId file, std::uint64_t count) {
  const std::string key = model::gaps_key(space, file);
  if (count == 0)
    rows.erase(Family::state, key);
  else
    rows.put(Family::state, key, model::encode_count(count));
}

// Keys below a prefix, up to kMendRowsMax.
Result<std::vector<std::string>> keys_below(const Transaction& rows, const std::string& prefix) {
  std::vector<std::string> keys;
  const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid() && keys.size() < kMendRowsMax; cursor->next())
    keys.emplace_back(cursor->key());
  SPIND_TRY(cursor->status());
  return keys;
}

// A file of which no row of an earlier version is left owes as many as its numbers say.
Status count_lost(Transaction& rows, const SpaceId& space, const NodeRecord& node, bool& any) {
  if (node.kind != NodeKind::file || earlier_versions(node) == 0) return {};
  SPIND_TRY_ASSIGN(const auto versions, keys_below(rows, model::versions_prefix(space, node.id)));
  if (!versions.empty()) return {};
  SPIND_TRY_ASSIGN(const auto gaps, rows.get(Family::state, model::gaps_key(space, node.id)));
  const auto count = gaps ? model::decode_count(*gaps) : Result<std::uint64_t>(0);
  if (count.ok() && *count == earlier_versions(node)) return {};
  put_gaps(rows, space, node.id, earlier_versions(node));
  if (node.version_bytes != 0) {
    SPIND_TRY_ASSIGN(auto place, find_node(rows, space, node.id));
    if (place) {
      place->node().version_bytes = 0;
      put_node(rows, *place);
    }
  }
  any = true;
  return {};
}

// The last entry above the floor that removed the version with the attachment; the head's own: none
// did.
Result<EntryNumber> let_go_by(const Transaction& rows, const SpaceId& space,
                              const model::Head& head, const model::AttachmentId& id) {
  const auto lets_go = [&id](const model::Change& change) {
    const auto* removed = std::get_if<model::VersionRemoved>(&change);
    return removed != nullptr && removed->version.content.has_attachment() &&
           removed->version.content.attachment == id;
  };
  journal::Pages entries(rows, space);
  for (EntryNumber at = head.entry; at > std::max(head.floor, id.entry); --at) {
    const auto entry = entries.read(at);
    if (!entry.ok() && !is_damage(entry.error())) return entry.error();
    if (entry.ok() && std::any_of(entry->changes.begin(), entry->changes.end(), lets_go)) return at;
  }
  return head.entry;
}

}  // namespace

Mend count_versions(const SpaceId& space, NodeId file, std::string text) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(auto place, find_node(rows, space, file));
            if (!place || place->node().kind != NodeKind::file) return Mended::nothing;
            NodeRecord& node = place->node();
            if (node.current.number == 0) return Mended::cannot;
            std::uint64_t count = 0, bytes = 0;
            std::vector<std::string> wrong;
            const std::string prefix = model::versions_prefix(space, file);
            const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
            for (; cursor->valid(); cursor->next()) {
              const VersionNumber number = model::last_u64_in(cursor->key());
              const auto version = model::decode_version(cursor->value());
              if (!version.ok() || version->number != number || number >= node.current.number) {
                wrong.emplace_back(cursor->key());
                continue;
              }
              ++count;
              bytes += version->size_bytes;
            }
            SPIND_TRY(cursor->status());
            for (const std::string& key : wrong)
              SPIND_TRY(move_aside(rows, model::space_partition(space), Kind::version_record, file,
                                   text, Family::state, key));
            put_gaps(rows, space, file, earlier_versions(node) - count);
            if (node.version_bytes != bytes) {
              node.version_bytes = bytes;
              put_node(rows, *place);
            }
            return wrong.empty() ? Mended::good : Mended::aside;
          },
          {},
          subject_of(file)};
}

Mend count_all_versions(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            bool any = false;
            for (const SpaceRow row :
                 {SpaceRow::node, SpaceRow::trash, SpaceRow::purged, SpaceRow::staged}) {
              const std::string prefix = model::row_prefix(space, row);
              const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
              for (; cursor->valid(); cursor->next()) {
                if (row == SpaceRow::node || row == SpaceRow::staged) {
                  const auto node = model::decode_node(cursor->value());
                  if (node.ok()) SPIND_TRY(count_lost(rows, space, *node, any));
                } else {
                  const auto trash = model::decode_trash(cursor->value());
                  if (trash.ok()) SPIND_TRY(count_lost(rows, space, trash->node, any));
                }
              }
              SPIND_TRY(cursor->status());
            }
            return any ? Mended::good : Mended::nothing;
          },
          {},
          {}};
}

Mend take_versions_away(const SpaceId& space, NodeId node, std::string text) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const auto place, find_node(rows, space, node));
            if (place) return Mended::nothing;
            SPIND_TRY_ASSIGN(auto keys, keys_below(rows, model::versions_prefix(space, node)));
            keys.push_back(model::gaps_key(space, node));
            for (const std::string& key : keys)
              SPIND_TRY(move_aside(rows, model::space_partition(space), Kind::orphan_versions, node,
                                   text, Family::state, key));
            return Mended::aside;
          },
          {},
          {}};
}

Mend note_dropped(Kind kind, const SpaceId& space, std::string key, std::string text) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const auto row, rows.get(Family::state, key));
            if (!row) return Mended::nothing;
            SPIND_TRY_ASSIGN(const model::Head head, read_head(rows, space));
            const std::size_t prefix_bytes = model::row_prefix(space, SpaceRow::dropped).size();
            const bool sound = key.size() == prefix_bytes + 8 + sizeof(model::PieceId);
            const EntryNumber entry = sound ? model::entry_in_key(key) : 0;
            if (!sound || entry > head.entry) {
              SPIND_TRY(move_aside(rows, model::space_partition(space), kind, 0, text,
                                   Family::state, key));
              return Mended::aside;
            }
            rows.put(Family::state, model::kept_key(space, model::piece_in_dropped_key(key), entry),
                     "");
            return Mended::good;
          },
          {},
          key};
}

Mend note_kept(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const model::Head head, read_head(rows, space));
            const std::string prefix = model::row_prefix(space, SpaceRow::kept);
            std::vector<std::string> stray;
            bool any = false;
            const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
            for (; cursor->valid() && stray.size() < kMendRowsMax; cursor->next()) {
              const std::string_view rest = cursor->key().substr(prefix.size());
              model::PieceId piece{};
              const bool sound = rest.size() == piece.size() + 8;
              const EntryNumber entry = sound ? model::last_u64_in(rest) : 0;
              if (!sound || entry > head.entry) {
                stray.emplace_back(cursor->key());
                continue;
              }
              std::copy_n(rest.begin(), piece.size(), piece.begin());
              const std::string key = model::dropped_key(space, entry, piece);
              SPIND_TRY_ASSIGN(const auto dropped, rows.get(Family::state, key));
              if (dropped) continue;
              rows.put(Family::state, key, "");
              any = true;
            }
            SPIND_TRY(cursor->status());
            for (const std::string& key : stray) rows.erase(Family::state, key);
            return any || !stray.empty() ? Mended::good : Mended::nothing;
          },
          {},
          {}};
}

// Under the entry that let go of it, so that a rewind that brings it back finds the note.
Mend give_up_attachment(const SpaceId& space, const model::AttachmentId& id) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const model::Head head, read_head(rows, space));
            SPIND_TRY_ASSIGN(const EntryNumber entry, let_go_by(rows, space, head, id));
            rows.put(Family::state, model::unused_key(space, entry, id), "");
            return Mended::good;
          },
          {},
          {}};
}

}  // namespace spind::upkeep
