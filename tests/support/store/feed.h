// Reading the feed of a space to its end, and events as text.
#pragma once

#include <string>
#include <vector>

#include "spind/space.h"

namespace spind::test {

// All that is known of an event, on one line.
std::string event_text(const ChangeEvent& event);

// Everything behind the cursor, in pages of `page` events; `cursor` goes on behind it.
Result<std::vector<ChangeEvent>> read_feed(const Space& space, std::string& cursor,
                                           std::size_t page = 1000);

}  // namespace spind::test
