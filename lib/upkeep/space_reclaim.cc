#include "upkeep/space_reclaim.h"

#include <utility>

#include "base/try.h"
#include "content/needs.h"
#include "journal/journal.h"

namespace spind::upkeep {

using kv::Family;
using model::SpaceRow;

Result<EntryNumber> read_trimmed(const kv::View& view, const SpaceId& space) {
  SPIND_TRY_ASSIGN(const auto row, view.get(Family::state, model::trimmed_key(space)));
  if (!row) return EntryNumber{0};
  return model::decode_count(*row);
}

Status SpaceReclaim::run() {
  SPIND_TRY(start());
  SPIND_TRY(going_ ? erase_space() : erase_below_floor());
  return settle();
}

Status SpaceReclaim::erase_below_floor() {
  if (trimmed_ >= floor_) return {};
  SPIND_TRY(erase_purged());
  SPIND_TRY(erase_unused());
  SPIND_TRY(erase_dropped());
  return trim_journal();
}

Status SpaceReclaim::start() {
  const kv::SnapshotRef snapshot = kv_.durable();
  SPIND_TRY_ASSIGN(const auto head, snapshot->get(Family::state, model::head_key(space_)));
  SPIND_TRY_ASSIGN(const auto info, snapshot->get(Family::state, model::info_key(space_)));
  if (!head || !info) return space::no_such_space(space_);
  SPIND_TRY_ASSIGN(const model::Head decoded, model::decode_head(*head));
  SPIND_TRY_ASSIGN(const model::SpaceRecord record, model::decode_space(*info));
  SPIND_TRY_ASSIGN(trimmed_, read_trimmed(*snapshot, space_));
  floor_ = decoded.floor;
  going_ = is_going(record, decoded);
  vault_ = model::vault_of(model::vault_name(record, space_));
  const auto cursor = snapshot->scan(Family::state, first_of(SpaceRow::rewind),
                                     model::rewind_key(space_, floor_ + 1));
  for (; cursor->valid(); cursor->next()) {
    SPIND_TRY_ASSIGN(const EntryNumber to, model::decode_count(cursor->value()));
    lineage_.add_rewind(model::entry_in_key(cursor->key()), to);
  }
  SPIND_TRY(cursor->status());
  lineage_.settle();
  return {};
}

// Rows of entries up to the mark are gone, and their tombstones are not waded through again.
std::string SpaceReclaim::first_of(SpaceRow row) const {
  return model::first_of_entry(space_, row, trimmed_ + 1);
}

// Commits become durable in their order, so that many steps can share a sync; a sync a step would
// hold up everybody else's. What the vault is told is waited for: a collection may come next.
Status SpaceReclaim::commit(std::vector<std::string> partitions, const Step& step) {
  SPIND_TRY(between_());
  const bool tells_vault = partitions.size() > 1;
  const kv::Answer answer =
      kv_.update(std::move(partitions), [&](kv::Transaction& rows) -> kv::Outcome {
        rows.use_reserve();
        by_step_ = {};
        SPIND_TRY(check_kept());
        space::State state(rows, space_);
        SPIND_TRY_ASSIGN(const model::Head* head, state.head());
        if (head->epoch != epoch_)
          return Error{.code = Code::unavailable, .text = "the space has another owner now"};
        SPIND_TRY(step(rows, state));
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  erased_.entries += by_step_.entries;
  erased_.nodes += by_step_.nodes;
  erased_.versions += by_step_.versions;
  last_ = answer.ticket;
  ++unsettled_;
  return tells_vault || unsettled_ == kStepsASync ? settle() : Status();
}

// A full device loses all that was not yet durable, and a step must not go on from one that is
// undone. Asked for in a body: the store is not opened anew meanwhile.
Status SpaceReclaim::check_kept() {
  if (unsettled_ == 0) return {};
  if (auto verdict = kv_.verdict(last_)) return std::move(*verdict);
  return {};
}

Status SpaceReclaim::settle() {
  if (std::exchange(unsettled_, 0) == 0) return {};
  return kv_.wait(last_);
}

Status SpaceReclaim::erase_space() {
  SPIND_TRY(SpaceErasure(kv_, content_, space_, vault_,
                         [this](std::vector<std::string> partitions, const Step& step) {
                           return commit(std::move(partitions), step);
                         })
                .run());
  ++erased_.spaces;
  return {};
}

// The first rows of a queue, as they are durable, of entries that the floor has passed. None: there
// is none, nor will be by what was committed.
Result<std::vector<std::string>> SpaceReclaim::keys_from(const std::string& begin, SpaceRow row,
                                                         std::size_t count_max) {
  for (;;) {
    std::vector<std::string> keys;
    const auto cursor =
        kv_.durable()->scan(Family::state, begin, model::first_of_entry(space_, row, floor_ + 1));
    for (; cursor->valid() && keys.size() < count_max; cursor->next())
      keys.emplace_back(cursor->key());
    SPIND_TRY(cursor->status());
    if (!keys.empty() || unsettled_ == 0) return keys;
    SPIND_TRY(settle());
  }
}

// Folders below become rows of their own, behind or before the one that they were found in: so it
// goes round until a whole round finds none.
Status SpaceReclaim::erase_purged() {
  std::string next = first_of(SpaceRow::purged), after;
  for (bool found = false;;) {
    SPIND_TRY_ASSIGN(const auto keys, keys_from(next, SpaceRow::purged, 1));
    if (keys.empty()) {
      if (!found) return {};
      found = false;
      next = first_of(SpaceRow::purged);
      continue;
    }
    found = true;
    if (keys.front() != next) after.clear();
    next = keys.front();
    bool gone = false;
    std::string reached;
    SPIND_TRY(commit({model::space_partition(space_)},
                     [&](kv::Transaction& rows, space::State& state) -> Status {
                       reached = after;
                       SPIND_TRY_ASSIGN(const model::Head* head, state.head());
                       PurgedErasure erasure(rows, state, *head, by_step_);
                       SPIND_TRY_ASSIGN(gone,
                                        erasure.step(model::attachment_in_key(next), reached));
                       return {};
                     }));
    after = std::move(reached);
    if (gone) next.push_back('\0');
  }
}

Status SpaceReclaim::erase_unused() {
  std::string next = first_of(SpaceRow::unused);
  for (;;) {
    SPIND_TRY_ASSIGN(const auto keys, keys_from(next, SpaceRow::unused, kRowsAStep));
    if (keys.empty()) return {};
    SPIND_TRY(commit({model::space_partition(space_)},
                     [&](kv::Transaction& rows, space::State&) -> Status {
                       for (const std::string& key : keys) {
                         rows.erase(Family::state, key);
                         rows.erase(Family::attachment,
                                    model::attachment_key(space_, model::attachment_in_key(key)));
                       }
                       return {};
                     }));
    next = keys.back() + '\0';
  }
}

Status SpaceReclaim::erase_dropped() {
  std::string next = first_of(SpaceRow::dropped);
  for (;;) {
    SPIND_TRY_ASSIGN(const auto keys, keys_from(next, SpaceRow::dropped, kPiecesAStep));
    if (keys.empty()) return {};
    SPIND_TRY(let_go(keys));
    next = keys.back() + '\0';
  }
}

// What the space needs no more goes from the vault: the collector takes the holder away.
Status SpaceReclaim::let_go(const std::vector<std::string>& dropped) {
  std::vector<std::string> partitions = {model::space_partition(space_)};
  for (const std::string& key : dropped)
    partitions.push_back(model::bucket_of(vault_, model::piece_in_dropped_key(key)));
  auto no_collection = content_.collector_lock();
  no_collection.lock();
  return commit(std::move(partitions), [&](kv::Transaction& rows, space::State&) -> Status {
    for (const std::string& key : dropped) {
      const model::PieceId piece = model::piece_in_dropped_key(key);
      rows.erase(Family::state, key);
      rows.erase(Family::state, model::kept_key(space_, piece, model::entry_in_key(key)));
      SPIND_TRY_ASSIGN(const bool needed, content::needs(rows, space_, piece));
      if (!needed) content::reconsider(rows, vault_, space_, piece);
    }
    return {};
  });
}

Status SpaceReclaim::trim_journal() {
  while (trimmed_ < floor_) {
    const EntryNumber last = std::min(floor_, trimmed_ + kEntriesAStep);
    SPIND_TRY(commit({model::space_partition(space_)},
                     [&](kv::Transaction& rows, space::State& state) -> Status {
                       for (EntryNumber number = trimmed_ + 1; number <= last; ++number)
                         SPIND_TRY(trim_entry(rows, state, number));
                       rows.put(Family::state, model::trimmed_key(space_),
                                model::encode_count(last));
                       return {};
                     }));
    trimmed_ = last;
  }
  return {};
}

Status SpaceReclaim::trim_entry(kv::Transaction& rows, space::State& state, EntryNumber number) {
  SPIND_TRY_ASSIGN(const model::Entry entry, journal::read(rows, space_, number));
  if (!entry.request_id.empty()) {
    SPIND_TRY_ASSIGN(const auto named, state.request(entry.principal, entry.request_id));
    if (named == number) state.erase_request(entry.principal, entry.request_id);
  }
  if (model::rewound_to(entry) != 0) state.erase_rewind(number);
  if (lineage_.holds(number)) {
    for (const model::Change& change : entry.changes)
      by_step_.versions += std::holds_alternative<model::VersionRemoved>(change) ? 1 : 0;
  } else {
    SPIND_TRY(erase_attachments(rows, number));
  }
  journal::erase(rows, space_, number);
  ++by_step_.entries;
  return {};
}

// Of an entry that a rewind undid: nothing refers to them, and no version that was removed says so.
Status SpaceReclaim::erase_attachments(kv::Transaction& rows, EntryNumber number) {
  const auto cursor = rows.scan(Family::attachment, model::attachment_key(space_, {number, 0}),
                                model::attachment_key(space_, {number + 1, 0}));
  for (; cursor->valid(); cursor->next()) rows.erase(Family::attachment, cursor->key());
  return cursor->status();
}

}  // namespace spind::upkeep
