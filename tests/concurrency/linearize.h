// Decides whether a history could have come from a space that does one thing at a time.
//
// The entries of the journal are the order that the engine claims for the changes. It must agree
// with real time, and the model, taken through the changes in that order, must give each of their
// answers. Every other event (a read, a refusal, nothing to do) must fit the state after some entry
// between what had ended before it began and what began after it ended, and no two of them may see
// states in an order that contradicts real time.
#pragma once

#include <string>
#include <vector>

#include "concurrency/history.h"
#include "model/model_space.h"

namespace spind::test {

// What contradicts, or "". `before` is the space as it was when the history began; `time_ns` is
// what the clock said all the while.
std::string contradiction(std::vector<Event> history, const ModelSpace& before,
                          std::int64_t time_ns);

}  // namespace spind::test
