// What several threads asked of one space at the same time, and what each was answered.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "support/store/request.h"

namespace spind::test {

// Moments are numbers from one counter: an event ended before another began if its `end` is less
// than the other's `begin`.
struct Event {
  Request request;
  Answer answer;
  std::uint64_t begin = 0, end = 0;
  EntryNumber rewind_to = 0;  // not 0: instead of the request, the space was rewound to there

  bool changes() const { return rewind_to != 0 || test::changes(request.verb); }
  // Whether it has an entry of the journal, and with it a place in the order of all changes.
  bool committed() const {
    return changes() && answer.code == Code::ok && answer.written.entry != 0;
  }
};

// Threads on a few overlapping subtrees, which now and then rewind the space; all join before this
// returns. Events in any order.
std::vector<Event> record_history(const Space& space, std::uint64_t seed, std::uint32_t threads,
                                  std::uint32_t events_per_thread);

}  // namespace spind::test
