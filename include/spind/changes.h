// What happened in a space, in order and exactly: for sync clients, search indexes, audit trails.
//
//   std::string cursor;                        // empty: from the beginning
//   for (;;) {
//     spind::ChangePage page = space.changes(cursor).value();
//     for (const spind::ChangeEvent& event : page.events) take(event);
//     keep(cursor = page.cursor);              // goes on behind these, in any process
//     if (!page.more) (void)space.wait(page.number, 30s);
//   }
//
// Whoever needs to know only whether there is something new polls Space::root_version, waits with
// Space::wait, or is told by a Watch.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "spind/types.h"

namespace spind {

enum class ChangeKind : std::uint8_t {
  space_created = 1,
  space_updated = 2,
  created = 3,           // a new file or folder
  updated = 4,           // a new version of a file
  moved = 5,             // or renamed; all that lies below came along
  removed = 6,           // to the trash, with all that lies below
  touched = 7,           // another mtime
  versions_changed = 8,  // one was removed, pinned or labelled
  restored = 9,          // from the trash, with all that lies below
  purged = 10,           // from the trash, for good
  rewound = 11,          // the whole tree is again as it was: list it anew from the root, going
                         // only into folders whose ETag is not the one that is known
  copied = 12,           // a new folder came with all that lies below it: list it
  properties_changed = 13,
};
// As in the table above, "moved".
SPIND_EXPORT std::string_view change_name(ChangeKind kind);

// One thing that happened. An entry of the journal gives one for each thing that it did; all of
// them have its number. An event says what its entry knows: of a node that was there before, its
// id, and no more than that entry needed.
struct ChangeEvent {
  EntryNumber entry = 0;
  std::int64_t time_ns = 0;  // never goes back within a space
  ChangeKind kind = ChangeKind::created;
  std::string who{};                    // user id
  std::string application{};            // as the session gave it
  NodeId node = 0;                      // the root for what happened to the space itself
  std::optional<NodeKind> node_kind{};  // of what was created, updated, copied or is the root
  NodeId parent = 0;                    // where it is, or was when it was removed; 0: the root
  std::string name{};                   // there: of what came, was moved or was removed
  NodeId from_parent = 0;               // moved: where it was
  std::string from_name{};
  VersionNumber version = 0;       // of a file that was created or updated
  std::vector<NodeId> way{};       // ids of the folders from the root to `parent`
  std::vector<NodeId> from_way{};  // moved: to `from_parent`
  bool operator==(const ChangeEvent&) const = default;
};

struct ChangesOptions {
  // 1 to 10,000. A page holds whole entries: one that did more than this comes alone.
  std::size_t count_max = 1000;
};

struct ChangePage {
  std::vector<ChangeEvent> events{};
  std::string cursor{};    // goes on behind these; never empty
  EntryNumber number = 0;  // the cursor stands behind this entry
  bool more = false;       // there was more behind it
};

// Which state a space is in: another one after every visible change. Numbers of one history grow;
// another history means that the space was restored, and has to be listed anew.
struct RootVersion {
  std::uint64_t history = 0;
  EntryNumber number = 0;  // of the last visible entry
  bool operator==(const RootVersion&) const = default;
};

// What a watch has to say: the root version as it is now; or why it cannot be looked at, which is
// `unavailable` when the store is closed, and then the last that is said.
using WatchCallback = std::function<void(const Result<RootVersion>&)>;

// Says when a space has changed, until it is destroyed. Many changes are said once. However many
// there are, they take one thread of the store together, so a callback should be short, and must
// not close the store. One thread at a time.
class SPIND_EXPORT Watch {
 public:
  // Of a watch without a callback: readable (as poll has it) when the space has changed, and when
  // the store was closed. -1 where there is a callback.
  int descriptor() const;
  // Makes the descriptor unreadable until the next change. To be called before looking at the
  // space, so that no change falls between.
  void clear();

  struct State;
  explicit Watch(std::unique_ptr<State> state);
  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  // The callback does not run any more when this returns, unless it is the callback that does it.
  ~Watch();

 private:
  std::unique_ptr<State> state_;
};

// Which spaces of a store have changed since a mark.
struct ChangedSpaces {
  std::vector<SpaceId> spaces{};  // each once, in the order of their last changes
  std::string mark{};             // goes on behind them
  bool more = false;              // there were more
};

}  // namespace spind
