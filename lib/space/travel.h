// From one state of a space's tree to another, entry by entry, at a cost of what lies between.
//
// The states of the tree are themselves a tree. The one after an entry follows from the one after
// the entry before; but the one after a rewind *is* the one that was gone back to. So two states
// are as far from each other as the way through that tree is long, up to where their ways meet and
// down again, however often rewinds were themselves rewound.
//
//     1 ── 2 ── 3 ── 4 ── 5          6 rewound to 2, 8 rewound to 5: from 8 to 7 the way goes
//          │              ╵          up 5, 4, 3 and down 7; the states 2 and 6, and 5 and 8,
//          6 ── 7         8          are one
#pragma once

#include "space/state.h"

namespace spind::space {

// Makes the tree of `state`, which is as it was after the entry `from`, as it was after `to`. The
// head's numbers, requests and the space's record stay as they are (apply.h). cursor_too_old:
// the way leads below the floor.
Status travel(State& state, EntryNumber from, EntryNumber to);

// Makes the whole of `state`, which is the newest, what it was after the entry `number`, but for
// requests and the space's record: a view of the past.
Status go_back(State& state, EntryNumber number);

// The last entry that is not later. Times never go back within a space. cursor_too_old.
Result<EntryNumber> entry_at(const kv::View& view, const SpaceId& space, const model::Head& head,
                             std::int64_t time_ns);

// cursor_too_old.
Error below_floor(EntryNumber floor);

}  // namespace spind::space
