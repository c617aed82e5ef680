#include "ops/past.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "journal/journal.h"
#include "kv/overlay.h"
#include "ops/ops.h"
#include "space/travel.h"

namespace spind::ops {
namespace {

constexpr std::uint64_t kLeaseBytes = 256 << 10;

}  // namespace

Status GrowingLease::grow_to(std::uint64_t bytes) {
  if (bytes > budget_.all_bytes())
    return Error{.code = Code::limit_exceeded,
                 .text =
                     "too much has changed since for the store's memory; choose a later point, "
                     "or open the store with more",
                 .path = {},
                 .limit = budget_.all_bytes(),
                 .used = bytes};
  while (held_bytes_ < bytes) {
    const std::uint64_t wanted = std::min(kLeaseBytes, budget_.all_bytes() - held_bytes_);
    auto lease = budget_.try_take(wanted);
    if (!lease)
      return Error{.code = Code::unavailable,
                   .text = "other views of the past and rewinds have the memory for them"};
    held_bytes_ += wanted;
    leases_.push_back(std::move(*lease));
  }
  return {};
}

Result<EntryNumber> find_entry(const kv::View& view, const SpaceId& space, const model::Head& head,
                               const Point& point) {
  if (point.entry.has_value() == point.time_ns.has_value())
    return Error{.code = Code::invalid_argument,
                 .text = "a point in the past is an entry or a time, one of them"};
  if (point.time_ns) return space::entry_at(view, space, head, *point.time_ns);
  if (*point.entry > head.entry)
    return Error{.code = Code::invalid_argument,
                 .text = "the space has no such entry yet",
                 .path = {},
                 .limit = head.entry,
                 .used = *point.entry};
  if (*point.entry < std::max<EntryNumber>(head.floor, 1)) return space::below_floor(head.floor);
  return *point.entry;
}

Result<std::shared_ptr<const Past>> look_back(const Context& context, const Call& call,
                                              const SpaceId& space, const Point& point,
                                              const ViewOptions& options) {
  SPIND_TRY(may_change(call));
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const model::Head head, entered.reading.head());
  SPIND_TRY_ASSIGN(const EntryNumber number,
                   find_entry(entered.reading.snapshot(), space, head, point));
  GrowingLease memory(context.past_memory);
  SPIND_TRY(memory.grow_to(kPastCacheBytes));
  kv::Overlay rows(entered.reading.snapshot_ref());
  space::State state(rows, space);
  state.set_guard([&](const Progress& progress, std::size_t bytes) -> Status {
    SPIND_TRY(call.interrupted(context.clock));
    if (options.progress && !options.progress(progress))
      return Error{.code = Code::cancelled, .text = "the caller cancelled it"};
    return memory.grow_to(kPastCacheBytes + bytes);
  });
  SPIND_TRY(space::go_back(state, number));
  state.flush();
  auto past = std::make_shared<Past>();
  past->snapshot = std::move(rows).freeze();
  past->rows = std::make_unique<space::RowCache>(kPastCacheBytes);
  past->memory = std::move(memory).take();
  return std::shared_ptr<const Past>(std::move(past));
}

}  // namespace spind::ops
