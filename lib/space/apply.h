// The two pure functions that a space stands on: an entry makes the next state out of the last one,
// and undoes itself.
//
// Neither looks at anything but the state and the entry (with its attachments, which lie in rows
// beside it): no clock, no randomness, no options. unapply(apply(s, e), e) gives back s, row for
// row.
#pragma once

#include "model/entry.h"
#include "space/state.h"

namespace spind::space {

// Fills in what the entry replaces (complete.cc), from the state that it will be applied to: the
// way, and the earlier values of what apply changes. number, type, times and changes are there
// already.
Status complete(State& state, model::Entry& entry);

// `chain` is the hash of the entry's skeleton. The state is to be flushed after.
Status apply(State& state, const model::Entry& entry, const model::Digest& chain);

// The state must be as apply left it.
Status unapply(State& state, const model::Entry& entry);

// The part of both that concerns the tree: nodes with their versions and references, and the trash.
// Of the rest, the head says what the last entry of all is, requests were answered whatever became
// of what they did, and the space's own record is not what a rewind is about.
Status apply_to_tree(State& state, const model::Entry& entry);
Status unapply_to_tree(State& state, const model::Entry& entry);

}  // namespace spind::space
