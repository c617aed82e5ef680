// Whether a space is what its journal says: the newest entries are undone, in memory, and done
// again, and every row that they touched must be what it was.
#pragma once

#include "kv/overlay.h"
#include "space/reading.h"
#include "upkeep/findings.h"

namespace spind::upkeep {

inline constexpr std::size_t kUndoneBytesMax = 8 << 20;  // of rows; about 20,000 entries

// One thread at a time. Changes nothing.
class UndoCheck {
 public:
  UndoCheck(space::Reading& reading, const model::Head& head, Findings& findings, Steps& steps)
      : reading_(reading), head_(head), findings_(findings), steps_(steps) {}
  Status run();

 private:
  Result<EntryNumber> last_aside();
  Status undo_and_redo(kv::Overlay& rows);
  Status undo(kv::Overlay& rows, EntryNumber number);
  Status redo(kv::Overlay& rows, EntryNumber number);
  bool is_trash(const kv::WriteSet::Write& write) const;
  Result<bool> is_kept_longer(const kv::WriteSet::Write& write) const;
  Status compare(const kv::Overlay& rows);

  space::Reading& reading_;
  const model::Head& head_;
  Findings& findings_;
  Steps& steps_;
  EntryNumber lowest_ = 0;   // the earliest entry that is undone
  EntryNumber reached_ = 0;  // the last one that was undone or done again
};

}  // namespace spind::upkeep
