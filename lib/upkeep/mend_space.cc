// Mends of the space's own rows, its place in the catalogue, and its journal.
#include <algorithm>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/random.h"
#include "base/try.h"
#include "journal/journal.h"
#include "upkeep/findings.h"
#include "upkeep/mend_rows.h"
#include "upkeep/mends.h"
#include "upkeep/space_reclaim.h"

namespace spind::upkeep {

using kv::Family;
using kv::Transaction;
using model::SpaceRow;

namespace {

constexpr std::uint64_t kFirstEpoch = 1;

std::vector<std::string> with_catalogue(const SpaceId& space) {
  return {model::space_partition(space), model::catalogue_partition()};
}

// What a walk along the journal comes to.
struct JournalEnd {
  std::uint64_t entries = 0;
  EntryNumber last = 0, visible = 0;
  std::int64_t time_ns = 0;
  model::Digest chain{};
};

Result<JournalEnd> walk(const Transaction& rows, const SpaceId& space, EntryNumber trimmed) {
  JournalEnd end;
  end.last = trimmed;
  journal::Walker walker(rows, space, trimmed + 1);
  for (;;) {
    SPIND_TRY_ASSIGN(const auto entry, walker.next());
    if (!entry) break;
    ++end.entries;
    end.last = entry->number;
    end.time_ns = entry->time_ns;
    if (entry->visible) end.visible = entry->number;
  }
  end.chain = walker.chain();
  return end;
}

// What the head counts beside the journal.
Status count_nodes(const Transaction& rows, const SpaceId& space, model::Head& head) {
  head.next_node = kRootNode + 1;
  const std::string prefix = model::row_prefix(space, SpaceRow::locator);
  const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next())
    head.next_node = std::max(head.next_node, model::last_u64_in(cursor->key()) + 1);
  SPIND_TRY(cursor->status());
  SPIND_TRY_ASSIGN(head.trash_bytes, bytes_in_trash(rows, space));
  return {};
}

}  // namespace

Mend list_space(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const model::SpaceRecord info, read_info(rows, space));
            if (info.state == SpaceStatus::purged) return Mended::nothing;
            rows.put(Family::state, model::catalogue_space_key(info.tenant, info.kind, space), "");
            return Mended::good;
          },
          with_catalogue(space),
          {}};
}

Mend unlist_space(std::string key) {
  const SpaceId space = model::space_in_catalogue_key(key);
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, model::info_key(space)));
            if (bytes) {
              SPIND_TRY_ASSIGN(const model::SpaceRecord info, model::decode_space(*bytes));
              if (info.state != SpaceStatus::purged &&
                  key == model::catalogue_space_key(info.tenant, info.kind, space))
                return Mended::nothing;
            }
            rows.erase(Family::state, key);
            return Mended::good;
          },
          with_catalogue(space),
          {}};
}

Mend settle_gone(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const model::SpaceRecord info, read_info(rows, space));
            const std::string gone = model::catalogue_gone_key(space);
            if (info.state == SpaceStatus::purged) {
              rows.put(Family::state, gone, "");
              rows.erase(Family::state, model::catalogue_space_key(info.tenant, info.kind, space));
            } else {
              rows.erase(Family::state, gone);
            }
            return Mended::good;
          },
          with_catalogue(space),
          {}};
}

// A row that leads elsewhere, and should not, goes first.
Mend put_alias(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const model::SpaceRecord info, read_info(rows, space));
            if (info.alias.empty() || info.state == SpaceStatus::purged) return Mended::nothing;
            const std::string key = model::catalogue_alias_key(info.tenant, info.alias);
            SPIND_TRY_ASSIGN(const auto holder, rows.get(Family::state, key));
            if (holder) return Mended::nothing;
            rows.put(Family::state, key, as_text(space.bytes));
            return Mended::good;
          },
          with_catalogue(space),
          {}};
}

Mend drop_alias(std::string key) {
  return {[=](Transaction& rows) -> Result<Mended> {
            rows.erase(Family::state, key);
            return Mended::good;
          },
          {model::catalogue_partition()},
          {}};
}

// The newest entry that holds all of it says what it is.
Mend rebuild_space_record(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, model::info_key(space)));
            if (bytes && model::decode_space(*bytes).ok()) return Mended::nothing;
            SPIND_TRY_ASSIGN(const EntryNumber trimmed, read_trimmed(rows, space));
            std::optional<model::SpaceRecord> info;
            journal::Walker walker(rows, space, trimmed + 1);
            for (;;) {
              SPIND_TRY_ASSIGN(const auto entry, walker.next());
              if (!entry) break;
              for (const model::Change& change : entry->changes) {
                if (const auto* created = std::get_if<model::SpaceCreated>(&change))
                  info = created->space;
                if (const auto* updated = std::get_if<model::SpaceUpdated>(&change))
                  info = updated->after;
              }
            }
            if (!info) return Mended::cannot;
            rows.put_announced(Family::state, model::info_key(space), model::encode(*info));
            return Mended::good;
          },
          {},
          "record"};
}

Mend rebuild_head(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            const std::string key = model::head_key(space);
            SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, key));
            const auto known = bytes ? model::decode_head(*bytes)
                                     : Result<model::Head>(Error{Code::not_found, "no head"});
            SPIND_TRY_ASSIGN(const EntryNumber trimmed, read_trimmed(rows, space));
            SPIND_TRY_ASSIGN(const JournalEnd end, walk(rows, space, trimmed));
            model::Head head;
            if (known.ok()) head = *known;
            if (known.ok() && head.entry > end.last) {
              // The end of the journal is lost, and the state is that of the head.
              head.floor = head.entry;
              rows.put(Family::state, model::trimmed_key(space), model::encode_count(head.entry));
              rows.put_announced(Family::state, key, model::encode(head));
              return Mended::good;
            }
            if (end.entries == 0) return known.ok() ? Mended::nothing : Mended::cannot;
            if (!known.ok()) {
              head.epoch = kFirstEpoch;
              head.floor = trimmed;
              SPIND_TRY(count_nodes(rows, space, head));
            }
            head.entry = end.last;
            head.time_ns = end.time_ns;
            head.chain = end.chain;
            head.visible = end.visible != 0 ? end.visible : std::min(head.visible, trimmed);
            rows.put_announced(Family::state, key, model::encode(head));
            return Mended::good;
          },
          {},
          "head"};
}

Mend cut_journal(const SpaceId& space, EntryNumber entry, std::string text) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(model::Head head, read_head(rows, space));
            for (const std::string& key :
                 {model::skeleton_key(space, entry), model::payload_key(space, entry)})
              SPIND_TRY(move_aside(rows, model::space_partition(space), Kind::journal, 0, text,
                                   Family::journal, key));
            if (entry > head.entry) return Mended::aside;
            rows.put(Family::state, model::trimmed_key(space), model::encode_count(entry));
            head.floor = std::max(head.floor, entry);
            rows.put_announced(Family::state, model::head_key(space), model::encode(head));
            // A note even where the rows are gone altogether.
            return Mended::cannot;
          },
          {},
          subject_of(entry)};
}

// The mark is as far as the journal is gone, which entries that were set aside are as well, and the
// floor not below it.
Mend lower_trimmed(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(model::Head head, read_head(rows, space));
            const std::string prefix = model::row_prefix(space, SpaceRow::skeleton);
            const auto cursor = rows.scan(Family::journal, prefix, model::end_of(prefix));
            EntryNumber gone = head.entry, last = head.entry;
            for (; cursor->valid(); cursor->next()) {
              const EntryNumber number = model::last_u64_in(cursor->key());
              if (number != last + 1) gone = number - 1;
              last = number;
            }
            SPIND_TRY(cursor->status());
            rows.put(Family::state, model::trimmed_key(space), model::encode_count(gone));
            head.floor = std::max(head.floor, gone);
            rows.put_announced(Family::state, model::head_key(space), model::encode(head));
            return Mended::good;
          },
          {},
          {}};
}

Mend drop_stray_requests(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const EntryNumber trimmed, read_trimmed(rows, space));
            const std::string prefix = model::row_prefix(space, SpaceRow::request);
            std::vector<std::string> stray;
            const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
            for (; cursor->valid() && stray.size() < kMendRowsMax; cursor->next()) {
              const auto number = model::decode_count(cursor->value());
              if (number.ok() && *number <= trimmed) continue;
              const auto entry = number.ok() ? journal::read(rows, space, *number)
                                             : Result<model::Entry>(number.error());
              if (!entry.ok() && !is_damage(entry.error())) return entry.error();
              if (!entry.ok() ||
                  model::request_key(space, entry->principal, entry->request_id) != cursor->key())
                stray.emplace_back(cursor->key());
            }
            SPIND_TRY(cursor->status());
            for (const std::string& key : stray) rows.erase(Family::state, key);
            return stray.empty() ? Mended::nothing : Mended::good;
          },
          {},
          {}};
}

Mend drop_stray_rewinds(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const EntryNumber trimmed, read_trimmed(rows, space));
            const std::string prefix = model::row_prefix(space, SpaceRow::rewind);
            std::vector<std::string> stray;
            const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
            for (; cursor->valid() && stray.size() < kMendRowsMax; cursor->next()) {
              const EntryNumber number = model::last_u64_in(cursor->key());
              bool is_rewind = false;
              if (number > trimmed) {
                const auto entry = journal::read(rows, space, number);
                if (!entry.ok() && !is_damage(entry.error())) return entry.error();
                is_rewind = entry.ok() && model::rewound_to(*entry) != 0;
              }
              if (!is_rewind) stray.emplace_back(cursor->key());
            }
            SPIND_TRY(cursor->status());
            for (const std::string& key : stray) rows.erase(Family::state, key);
            return stray.empty() ? Mended::nothing : Mended::good;
          },
          {},
          {}};
}

Mend redo_rows(const SpaceId& space, EntryNumber head, std::vector<Redone> redone) {
  return {[=](Transaction& rows) -> Result<Mended> {
            for (const Redone& row : redone) {
              SPIND_TRY_ASSIGN(const auto seen, rows.get(row.family, row.key));
              if (seen != row.seen) return Mended::nothing;  // somebody writes here just now
            }
            for (const Redone& row : redone) {
              if (row.wanted)
                rows.put_announced(row.family, row.key, *row.wanted);
              else
                rows.erase_announced(row.family, row.key);
            }
            return Mended::good;
          },
          {model::space_partition(space)},
          subject_of(head),
          true};
}

}  // namespace spind::upkeep
