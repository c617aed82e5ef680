// Erases a subtree that was purged, a little at a time.
#pragma once

#include "model/keys.h"
#include "space/state.h"

namespace spind::upkeep {

// Rows that one commit erases, about: so few that no writer waits for long.
inline constexpr std::size_t kRowsAStep = 256;

// What was erased.
struct Erased {
  std::uint64_t entries = 0, nodes = 0, versions = 0, spaces = 0;
};

// One step at one row of what was purged, inside a commit. Nothing that is left is wrong in
// between: the record in the row says what is still there, and a folder below is hung off as a row
// of its own before it is gone into. So neither depth nor number of nodes matter, and any step may
// be the last.
//
// One thread at a time.
class PurgedErasure {
 public:
  // A piece whose last reference goes is remembered under the head's entry: an entry that can still
  // be undone may have let go of the piece while the subtree still had it.
  PurgedErasure(kv::Transaction& rows, space::State& state, const model::Head& head,
                Erased& erased);

  // `after`: a name in the folder that all before are known to be gone of; made to be the last one
  // that went. Answers whether the row itself is gone now.
  Result<bool> step(const model::AttachmentId& at, std::string& after);

 private:
  bool full() const { return rows_erased_ >= kRowsAStep; }
  Result<bool> erase_children(const model::AttachmentId& at, model::TrashRecord& folder,
                              std::string& after);
  Status erase_child(const model::AttachmentId& at, const model::TrashRecord& folder,
                     std::string_view name, model::NodeRecord child);
  Status hang_off(const model::AttachmentId& at, const model::TrashRecord& child);
  Result<bool> erase_earlier(model::NodeRecord& file);
  Status erase_rest(const model::NodeRecord& node);
  Status erase_properties(NodeId node);
  Status erase_content(const model::VersionRecord& version);

  kv::Transaction& rows_;
  space::State& state_;
  Erased& erased_;
  std::size_t rows_erased_ = 0;
};

}  // namespace spind::upkeep
