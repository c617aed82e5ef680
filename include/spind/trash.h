// The trash of a space: what was removed, from where, when and by whom, until it is purged.
//
//   for (const spind::TrashItem& item : space.trash().value().items)
//     print(item.node.id, item.path, item.removed_by);
//   space.restore(spind::Ref::node(42)).value();                      // to where it was
//   space.restore(spind::Ref::below(42, "sub/essay.odt"),             // one out of a folder
//                 {.to = "/essay.odt", .on_conflict = spind::OnConflict::keep_both}).value();
//   space.empty_trash({.older_than = std::chrono::hours(24 * 30)}).value();
//
// An item is named by the id of the node that was removed. Ids and versions survive.
#pragma once

#include "spind/options.h"

namespace spind {

struct TrashItem {
  NodeInfo node{};           // as it was removed; its parent and name say where it hung
  std::string path{};        // where it would go back to; "" where that is gone for good
  std::string removed_by{};  // user id; "" where nobody knows any more
  std::int64_t removed_ns = 0;
  EntryNumber removed = 0;  // the entry that did it
};

struct TrashOptions {
  std::size_t count_max = 1000;  // 1 to 10,000
  std::string after{};           // PageOf::next of the page before
};

struct RestoreOptions {
  std::optional<Ref> to{};    // its place and name; else where it was
  bool make_parents = false;  // make folders that are missing on the way there
  OnConflict on_conflict = OnConflict::fail;
  std::string request_id{};
};

struct PurgeOptions {
  std::string request_id{};
};

struct EmptyTrashOptions {
  // What was removed later than so long ago stays; all of it where the system's clock has jumped.
  std::chrono::seconds older_than{0};
  ProgressCallback progress{};  // in items; the total is not known
  std::optional<CancelToken> cancel{};
};

struct TrashEmptied {
  std::uint64_t items = 0, bytes = 0;
  Ticket ticket = 0;  // for Session::wait when the session defers
};

}  // namespace spind
