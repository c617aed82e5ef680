#include <algorithm>

#include "base/codec.h"
#include "base/limits.h"
#include "base/try.h"
#include "journal/journal.h"
#include "ops/events.h"
#include "ops/ops.h"
#include "ops/page_token.h"

namespace spind::ops {
namespace {

// What a cursor names: all up to this entry was read.
struct Position {
  std::uint64_t history = 0;
  EntryNumber number = 0;
};

std::string cursors_of(const SpaceId& space) { return "changes of " + space.to_string(); }

std::string make_cursor(const SpaceId& space, const Position& position) {
  std::string key;
  Encoder(key).u64(position.history).varint(position.number);
  return make_page_token(key, cursors_of(space));
}

Result<Position> open_cursor(const SpaceId& space, std::string_view cursor) {
  const Error refused{.code = Code::invalid_argument,
                      .text = "the cursor is broken or belongs to another space"};
  const Result<std::string> key = open_page_token(cursor, cursors_of(space));
  if (!key.ok()) return refused;
  Decoder in(*key);
  Position position;
  position.history = in.u64();
  position.number = in.varint();
  if (!in.finish()) return refused;
  return position;
}

// The feed of a space as one snapshot has it.
struct Feed {
  Entered entered;
  model::Head head;

  std::uint64_t history() const { return entered.info->history; }
  // Whether all that came behind the entry is still there.
  Status check_reaches(const Position& position) const {
    // Who has seen the last visible entry has missed none, though housekeeping came after it and is
    // below the floor.
    if (position.history == history() && position.number >= std::min(head.floor, head.visible) &&
        position.number <= head.entry)
      return {};
    return Error{.code = Code::cursor_too_old,
                 .text =
                     "what came since the cursor is no longer known; list the space anew, and "
                     "go on from a new cursor"};
  }
};

Result<Feed> open_feed(const Context& context, const Call& call, const SpaceId& space) {
  SPIND_TRY(may_follow(call));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY(permit(call, *entered.info, {}, kRootNode, access::kListContainer, "/"));
  SPIND_TRY_ASSIGN(const model::Head head, entered.reading.head());
  return Feed{std::move(entered), head};
}

// Reads entries from behind `number` into the page, whole ones, and says which was the last.
Result<EntryNumber> read(const Context& context, const Call& call, const Feed& feed,
                         EntryNumber number, std::size_t count_max,
                         std::vector<ChangeEvent>& events) {
  journal::Scan scan(feed.entered.reading.snapshot(), feed.entered.reading.space(), number + 1);
  for (std::size_t seen = 1; number < feed.head.entry && seen <= kPageScanMax; ++seen) {
    SPIND_TRY_ASSIGN(const bool found, scan.next());
    if (!found) return Error{.code = Code::corruption, .text = "the journal ends before its head"};
    if (scan.skeleton().visible) {
      const std::size_t before = events.size();
      SPIND_TRY_ASSIGN(const model::Entry* const entry, scan.entry());
      append_events(*entry, events);
      if (before > 0 && events.size() > count_max) {
        events.resize(before);
        break;
      }
    }
    number = scan.skeleton().number;
    if (events.size() >= count_max) break;
    if (seen % 256 == 0) SPIND_TRY(call.interrupted(context.clock));
  }
  return number;
}

}  // namespace

Result<ChangePage> changes(const Context& context, const Call& call, const SpaceId& space,
                           std::string_view cursor, const ChangesOptions& options) {
  SPIND_TRY(check_page_size(options.count_max));
  SPIND_TRY_ASSIGN(const Feed feed, open_feed(context, call, space));
  Position position{feed.history(), 0};
  if (!cursor.empty()) {
    SPIND_TRY_ASSIGN(position, open_cursor(space, cursor));
  }
  SPIND_TRY(feed.check_reaches(position));
  ChangePage page;
  if (position.number < feed.head.visible) {
    page.events.reserve(
        std::min<std::uint64_t>(options.count_max, feed.head.visible - position.number));
    SPIND_TRY_ASSIGN(position.number,
                     read(context, call, feed, position.number, options.count_max, page.events));
  }
  page.number = position.number;
  page.more = position.number < feed.head.visible;
  // Housekeeping behind the last visible entry was seen as well, so that a floor may pass it.
  if (!page.more) position.number = feed.head.entry;
  page.cursor = make_cursor(space, position);
  return page;
}

Result<std::string> cursor_now(const Context& context, const Call& call, const SpaceId& space) {
  SPIND_TRY_ASSIGN(const Feed feed, open_feed(context, call, space));
  return make_cursor(space, {feed.history(), feed.head.entry});
}

Result<std::string> cursor_after(const Context& context, const Call& call, const SpaceId& space,
                                 EntryNumber number) {
  SPIND_TRY_ASSIGN(const Feed feed, open_feed(context, call, space));
  if (number > feed.head.entry)
    return Error{.code = Code::invalid_argument,
                 .text = "there is no such entry yet",
                 .path = {},
                 .limit = feed.head.entry,
                 .used = number};
  const Position position{feed.history(), number};
  SPIND_TRY(feed.check_reaches(position));
  return make_cursor(space, position);
}

Result<RootVersion> root_version(const Context& context, const Call& call, const SpaceId& space) {
  SPIND_TRY(may_follow(call));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const EntryNumber visible, entered.reading.visible());
  return RootVersion{entered.info->history, visible};
}

}  // namespace spind::ops
