#include "concurrency/linearize.h"

#include <algorithm>

namespace spind::test {
namespace {

std::string describe(const Event& event) {
  const std::string what = event.rewind_to == 0 ? event.request.to_string()
                                                : "rewind to " + std::to_string(event.rewind_to);
  return what + " [" + std::to_string(event.begin) + ", " + std::to_string(event.end) +
         "] answered " + std::string(code_name(event.answer.code)) + " entry " +
         std::to_string(event.answer.written.entry);
}

Expected rewind(ModelSpace& state, EntryNumber to, std::int64_t time_ns) {
  if (to > state.last_entry()) return {.problems = {Code::invalid_argument}};
  Expected expected;
  expected.answer.written.node = kRootNode;
  if (to == state.last_entry()) return expected;
  expected.answer.written.entry = state.last_entry() + 1;
  state.rewind(to, state.last_entry() + 1, time_ns);
  return expected;
}

// Takes the model through the event. What its answer has otherwise, or "".
std::string take(const Event& event, ModelSpace& state, std::int64_t time_ns) {
  if (event.rewind_to != 0)
    return difference({.verb = Verb::put}, rewind(state, event.rewind_to, time_ns), event.answer);
  const Expected expected = state.answer(event.request, state.last_entry() + 1, time_ns);
  return difference(event.request, expected, event.answer);
}

// The model after each change, the state before them all first; `states[i]` is after entry
// `first + i`.
struct Replay {
  EntryNumber first = 0;
  std::vector<ModelSpace> states;
  std::string wrong;
};

Replay replay(const std::vector<const Event*>& changes, const ModelSpace& before,
              std::int64_t time_ns) {
  Replay replay{.first = before.last_entry(), .states = {before}, .wrong = {}};
  for (const Event* event : changes) {
    ModelSpace next = replay.states.back();
    const EntryNumber entry = next.last_entry() + 1;
    if (event->answer.written.entry != entry) {
      replay.wrong = "entry " + std::to_string(entry) + " is missing before " + describe(*event);
      return replay;
    }
    const std::string different = take(*event, next, time_ns);
    if (!different.empty()) {
      replay.wrong = describe(*event) + ": " + different;
      return replay;
    }
    replay.states.push_back(std::move(next));
  }
  return replay;
}

// Changes, in the order of their entries, must not go against real time.
std::string disorder(const std::vector<const Event*>& changes) {
  const Event* latest_begin = nullptr;
  for (const Event* event : changes) {
    if (latest_begin != nullptr && event->end < latest_begin->begin)
      return describe(*event) + " ended before " + describe(*latest_begin) + " began";
    if (latest_begin == nullptr || event->begin > latest_begin->begin) latest_begin = event;
  }
  return "";
}

bool fits(const Event& event, const ModelSpace& state, std::int64_t time_ns) {
  if (!event.changes())
    return difference(event.request, state.ask(event.request), event.answer).empty();
  ModelSpace copy = state;
  return take(event, copy, time_ns).empty();
}

// For events that changed nothing: the earliest state that each may have seen.
std::string place_others(const std::vector<const Event*>& others,
                         const std::vector<const Event*>& changes, const Replay& replay,
                         std::int64_t time_ns) {
  std::vector<std::pair<const Event*, std::size_t>> placed;
  for (const Event* event : others) {
    std::size_t low = 0, high = changes.size();
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (changes[i]->end < event->begin) low = std::max(low, i + 1);
      if (changes[i]->begin > event->end) high = std::min(high, i);
    }
    for (const auto& [earlier, state] : placed)
      if (earlier->end < event->begin) low = std::max(low, state);
    std::size_t at = low;
    while (at <= high && !fits(*event, replay.states[at], time_ns)) ++at;
    if (at > high)
      return describe(*event) + " fits no state from entry " + std::to_string(replay.first + low) +
             " to " + std::to_string(replay.first + high);
    placed.emplace_back(event, at);
  }
  return "";
}

}  // namespace

std::string contradiction(std::vector<Event> history, const ModelSpace& before,
                          std::int64_t time_ns) {
  std::sort(history.begin(), history.end(),
            [](const Event& a, const Event& b) { return a.begin < b.begin; });
  std::vector<const Event*> changes, others;
  for (const Event& event : history) (event.committed() ? changes : others).push_back(&event);
  std::sort(changes.begin(), changes.end(), [](const Event* a, const Event* b) {
    return a->answer.written.entry < b->answer.written.entry;
  });
  const std::string disordered = disorder(changes);
  if (!disordered.empty()) return disordered;
  const Replay replayed = replay(changes, before, time_ns);
  if (!replayed.wrong.empty()) return replayed.wrong;
  return place_others(others, changes, replayed, time_ns);
}

}  // namespace spind::test
