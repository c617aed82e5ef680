#include "space/travel.h"

#include <fmt/format.h>

#include "base/try.h"
#include "journal/journal.h"
#include "space/apply.h"

namespace spind::space {
namespace {

using model::Entry;
using model::EntryType;

// Entries that are undone or done between two rests.
constexpr std::uint64_t kEntriesARest = 64;

// Numbers that follow each other. A way down is kept as these: one for each rewind that it passes.
struct Stretch {
  EntryNumber first = 0, last = 0;
};

class Traveller {
 public:
  Traveller(State& state, EntryNumber floor)
      : state_(state),
        floor_(floor),
        up_(state.rows(), state.space()),
        down_(state.rows(), state.space()) {}

  Status run(EntryNumber from, EntryNumber to) {
    progress_.total = from > to ? from - to : to - from;
    // Whichever is later cannot lie on the other's way, since every entry comes after the one whose
    // state it made into its own.
    while (from != to) {
      if (from > to) {
        SPIND_TRY(go_up(from));
      } else {
        SPIND_TRY(note_down(to));
      }
    }
    progress_.total = std::max(progress_.total, progress_.done + down_entries_);
    for (auto stretch = way_down_.rbegin(); stretch != way_down_.rend(); ++stretch)
      for (EntryNumber number = stretch->first; number <= stretch->last; ++number)
        SPIND_TRY(go_down(number));
    return state_.rest(progress_);
  }

 private:
  // Undoes the entry `at`, which then is the one before.
  Status go_up(EntryNumber& at) {
    SPIND_TRY(check_floor(at));
    SPIND_TRY_ASSIGN(const Entry entry, up_.read(at));
    SPIND_TRY(unapply_to_tree(state_, entry));
    at = before(entry);
    return step();
  }

  Status note_down(EntryNumber& to) {
    SPIND_TRY(check_floor(to));
    if (!way_down_.empty() && way_down_.back().first == to + 1)
      way_down_.back().first = to;
    else
      way_down_.push_back({to, to});
    ++down_entries_;
    SPIND_TRY_ASSIGN(const model::Skeleton skeleton, down_.skeleton(to));
    if (skeleton.type != EntryType::rewound) {
      --to;
      return {};
    }
    SPIND_TRY_ASSIGN(const Entry entry, down_.read(to));
    to = before(entry);
    return {};
  }

  Status go_down(EntryNumber number) {
    SPIND_TRY_ASSIGN(const Entry entry, down_.read(number));
    SPIND_TRY(apply_to_tree(state_, entry));
    return step();
  }

  // The entry whose state the given one started from.
  static EntryNumber before(const Entry& entry) {
    const EntryNumber rewound = model::rewound_to(entry);
    return rewound != 0 ? rewound : entry.number - 1;
  }

  Status check_floor(EntryNumber number) const {
    if (number <= floor_ || number <= 1) return below_floor(floor_);
    return {};
  }

  Status step() {
    ++progress_.done;
    progress_.total = std::max(progress_.total, progress_.done);
    return progress_.done % kEntriesARest == 0 ? state_.rest(progress_) : Status();
  }

  State& state_;
  const EntryNumber floor_;
  journal::Pages up_, down_;       // one for each, since the two ways may lie far apart
  std::vector<Stretch> way_down_;  // in the order in which it was found: the last first
  std::uint64_t down_entries_ = 0;
  Progress progress_;
};

// When the entry happened; for the floor itself, whose own row may be gone, its successor says it.
Result<std::int64_t> time_of(const kv::View& view, const SpaceId& space, const model::Head& head,
                             journal::Pages& entries, EntryNumber number) {
  if (number == head.entry) return head.time_ns;
  if (number <= head.floor) {
    SPIND_TRY_ASSIGN(const model::Entry next, journal::read(view, space, number + 1));
    return next.replaced_time_ns;
  }
  SPIND_TRY_ASSIGN(const model::Skeleton skeleton, entries.skeleton(number));
  return skeleton.time_ns;
}

}  // namespace

Error below_floor(EntryNumber floor) {
  return {.code = Code::cursor_too_old,
          .text = fmt::format("the space's past is kept from entry {} on",
                              std::max<EntryNumber>(floor, 1))};
}

Result<EntryNumber> entry_at(const kv::View& view, const SpaceId& space, const model::Head& head,
                             std::int64_t time_ns) {
  journal::Pages entries(view, space);
  EntryNumber first = std::max<EntryNumber>(head.floor, 1), last = head.entry;
  SPIND_TRY_ASSIGN(const std::int64_t first_ns, time_of(view, space, head, entries, first));
  if (time_ns < first_ns) return below_floor(head.floor);
  while (first < last) {
    const EntryNumber middle = last - (last - first) / 2;
    SPIND_TRY_ASSIGN(const std::int64_t middle_ns, time_of(view, space, head, entries, middle));
    if (middle_ns <= time_ns)
      first = middle;
    else
      last = middle - 1;
  }
  return first;
}

Status travel(State& state, EntryNumber from, EntryNumber to) {
  SPIND_TRY_ASSIGN(const model::Head* head, state.head());
  return Traveller(state, head->floor).run(from, to);
}

Status go_back(State& state, EntryNumber number) {
  SPIND_TRY_ASSIGN(model::Head * head, state.head());
  if (number == head->entry) return {};
  // The entry that came next holds what the head was.
  SPIND_TRY_ASSIGN(const Entry next, journal::read(state.rows(), state.space(), number + 1));
  SPIND_TRY(travel(state, head->entry, number));
  head->entry = number;
  head->visible = next.replaced_visible;
  head->time_ns = next.replaced_time_ns;
  head->next_node = next.replaced_next_node;
  head->chain = next.previous;
  return {};
}

}  // namespace spind::space
