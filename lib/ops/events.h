// What a journal entry looks like to those who follow the space.
#pragma once

#include "model/entry.h"
#include "spind/changes.h"

namespace spind::ops {

// Appends the events of a visible entry, in the order of its changes.
void append_events(const model::Entry& entry, std::vector<ChangeEvent>& events);

}  // namespace spind::ops
