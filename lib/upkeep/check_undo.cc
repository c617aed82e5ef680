#include "upkeep/check_undo.h"

#include <fmt/format.h>

#include "base/try.h"
#include "journal/journal.h"
#include "model/aside.h"
#include "model/keys.h"
#include "space/apply.h"
#include "upkeep/mends.h"

namespace spind::upkeep {
namespace {

// Undoing a rewind may take more memory than there is, or lead below the floor: nothing is wrong,
// but it cannot be looked at.
bool out_of_reach(const Status& status) {
  return status.code() == Code::limit_exceeded || status.code() == Code::cursor_too_old;
}

Status within_limit(std::size_t memory_bytes) {
  if (memory_bytes <= kUndoneBytesMax) return {};
  return Error{.code = Code::limit_exceeded, .text = "too much is undone"};
}

// A row of the trash from before it said who removed the node, and when, says so once its entry is
// done again.
bool says_only_more(std::string_view row, std::string_view made) {
  const auto before = model::decode_trash(row);
  auto after = model::decode_trash(made);
  if (!before.ok() || !after.ok() || !before->removed_by.empty()) return false;
  after->removed_by.clear();
  after->removed_ns = 0;
  return *after == *before;
}

}  // namespace

// The first entry stays: before it there is no space.
Status UndoCheck::run() {
  SPIND_TRY_ASSIGN(const EntryNumber broken, last_aside());
  lowest_ = std::max<EntryNumber>({head_.floor + 1, 2, broken + 1});
  for (;;) {
    kv::Overlay rows(reading_.snapshot_ref());
    const EntryNumber before = lowest_;
    Status done = undo_and_redo(rows);
    // The second time it goes only as far as it came.
    if (out_of_reach(done) && lowest_ > before) continue;
    if (!done.ok())
      return findings_.absorb(Kind::undo, 0, std::move(done).error(),
                              note_only(subject_of(reached_)));
    return compare(rows);
  }
}

// The newest entry of which a repair has noted that it cannot be undone.
Result<EntryNumber> UndoCheck::last_aside() {
  const std::string prefix =
      model::aside_key(model::space_partition(reading_.space()), name_of(Kind::undo), "");
  const auto notes =
      reading_.snapshot().scan_back(kv::Family::state, prefix, model::end_of(prefix));
  SPIND_TRY(notes->status());
  if (!notes->valid() || notes->key().size() != prefix.size() + 8) return EntryNumber{0};
  return model::last_u64_in(notes->key());
}

Status UndoCheck::undo_and_redo(kv::Overlay& rows) {
  EntryNumber number = head_.entry;
  for (; number >= lowest_ && within_limit(rows.memory_bytes()).ok(); --number) {
    Status undone = undo(rows, number);
    if (out_of_reach(undone)) lowest_ = number + 1;
    SPIND_TRY(std::move(undone));
  }
  lowest_ = number + 1;
  for (number = lowest_; number <= head_.entry; ++number) SPIND_TRY(redo(rows, number));
  return {};
}

Status UndoCheck::undo(kv::Overlay& rows, EntryNumber number) {
  SPIND_TRY(steps_.step());
  reached_ = number;
  SPIND_TRY_ASSIGN(const model::Entry entry, journal::read(rows, reading_.space(), number));
  space::State state(rows, reading_.space());
  state.set_guard([](const Progress&, std::size_t bytes) { return within_limit(bytes); });
  SPIND_TRY(space::unapply(state, entry));
  state.flush();
  return {};
}

Status UndoCheck::redo(kv::Overlay& rows, EntryNumber number) {
  SPIND_TRY(steps_.step());
  reached_ = number;
  SPIND_TRY_ASSIGN(const model::Entry entry, journal::read(rows, reading_.space(), number));
  model::Digest chain = head_.chain;
  if (number < head_.entry) {
    SPIND_TRY_ASSIGN(const model::Entry next, journal::read(rows, reading_.space(), number + 1));
    chain = next.previous;
  }
  space::State state(rows, reading_.space());
  SPIND_TRY(space::apply(state, entry, chain));
  state.flush();
  return {};
}

bool UndoCheck::is_trash(const kv::WriteSet::Write& write) const {
  using model::SpaceRow;
  return write.family == kv::Family::state &&
         (write.key.starts_with(model::row_prefix(reading_.space(), SpaceRow::trash)) ||
          write.key.starts_with(model::row_prefix(reading_.space(), SpaceRow::purged)));
}

// A row that remembers a piece as fallen away, which was not so while a purged subtree still had
// it: the erasure of that subtree remembered it under a later entry, or the piece has come back.
Result<bool> UndoCheck::is_kept_longer(const kv::WriteSet::Write& write) const {
  using model::SpaceRow;
  const SpaceId& space = reading_.space();
  const std::string kept = model::row_prefix(space, SpaceRow::kept);
  const std::string dropped = model::row_prefix(space, SpaceRow::dropped);
  if (head_.floor == 0 || write.family != kv::Family::state) return false;
  const bool by_piece = write.key.starts_with(kept);
  if (!by_piece && !write.key.starts_with(dropped)) return false;
  model::PieceId piece{};
  const std::string_view rest = write.key.substr(kept.size());
  const EntryNumber entry = by_piece ? model::last_u64_in(rest) : model::entry_in_key(write.key);
  const std::string_view id = by_piece ? rest.substr(0, piece.size()) : rest.substr(8);
  std::copy(id.begin(), id.end(), piece.begin());
  SPIND_TRY_ASSIGN(const auto count,
                   reading_.snapshot().get(kv::Family::state, model::reference_key(space, piece)));
  const auto later =
      reading_.snapshot().scan(kv::Family::state, model::kept_key(space, piece, entry + 1),
                               model::end_of(model::kept_prefix(space, piece)));
  SPIND_TRY(later->status());
  return count.has_value() || later->valid();
}

Status UndoCheck::compare(const kv::Overlay& rows) {
  std::vector<Redone> differ;
  for (const kv::WriteSet::Write& write : rows.writes().writes()) {
    SPIND_TRY(steps_.step());
    SPIND_TRY_ASSIGN(const auto row, reading_.snapshot().get(write.family, write.key));
    const bool same = row ? !write.erased && *row == write.value : write.erased;
    if (same || (row && !write.erased && is_trash(write) && says_only_more(*row, write.value)))
      continue;
    SPIND_TRY_ASSIGN(const bool kept_longer, is_kept_longer(write));
    if (!row && !write.erased && kept_longer) continue;
    differ.push_back({write.family, std::string(write.key), row, {}});
    if (!write.erased) differ.back().wanted = std::string(write.value);
  }
  if (differ.empty()) return {};
  std::string text =
      fmt::format("undoing the entries from {} on and doing them again changes {} rows", lowest_,
                  differ.size());
  findings_.add(Kind::undo, 0, std::move(text),
                redo_rows(reading_.space(), head_.entry, std::move(differ)));
  return {};
}

}  // namespace spind::upkeep
