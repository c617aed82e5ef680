#include "upkeep/reclaim.h"

#include <algorithm>

#include "base/try.h"
#include "journal/journal.h"
#include "upkeep/check_catalogue.h"
#include "upkeep/destroyed_space.h"
#include "upkeep/floor.h"
#include "upkeep/space_reclaim.h"

namespace spind::upkeep {

using kv::Family;
using model::SpaceRow;

class Reclaimer::Run {
 public:
  Run(Reclaimer& all, const CollectOptions& options, CollectReport& report)
      : all_(all), options_(options), report_(report) {}

  Status run() {
    SPIND_TRY(all_.kv_.catch_up());  // so that what was committed by now is seen
    if (options_.forget) SPIND_TRY(check_exists(*options_.forget));
    std::string begin = model::space_partition(SpaceId{});
    Status first_error;
    for (;;) {
      SPIND_TRY_ASSIGN(const auto space, next_space(*all_.kv_.durable(), begin));
      if (!space) break;
      Status done = visit(*space);
      if (!done.ok() && is_locked(done.error())) {
        ++report_.locked_spaces;
        done = Status();
      }
      if (!done.ok() && !is_damage(done.error())) return done;
      if (done.code() == Code::not_found) {
        SPIND_TRY_ASSIGN(done, missing_row(*space, done.error()));
      }
      if (first_error.ok()) first_error = std::move(done);
      begin = model::end_of(model::space_partition(*space));
    }
    all_.waiting_rows_ = waiting_rows_;
    all_.waiting_seconds_ = waiting_seconds_;
    all_.waiting_spaces_ = waiting_spaces_;
    return first_error;
  }

 private:
  Status check_exists(const SpaceId& space) {
    SPIND_TRY_ASSIGN(const auto head,
                     all_.kv_.durable()->get(Family::state, model::head_key(space)));
    return head ? Status() : space::no_such_space(space);
  }

  // Rows that should be there are damage, and not that what the caller asked for is not there;
  // unless another collection has erased the space meanwhile.
  Result<Status> missing_row(const SpaceId& space, const Error& error) {
    SPIND_TRY_ASSIGN(const auto still,
                     next_space(*all_.kv_.durable(), model::space_partition(space)));
    if (!still || *still != space) return Status();
    return Status(Error{.code = Code::corruption, .text = error.text, .path = space.to_string()});
  }

  Status visit(const SpaceId& space) {
    SPIND_TRY(step());
    SPIND_TRY(retire_if_destroyed(all_.kv_, all_.content_, all_.epoch_, space));
    SPIND_TRY(move_floor(space));
    SpaceReclaim reclaim(all_.kv_, all_.content_, all_.epoch_, space, [this] { return step(); });
    Status done = reclaim.run();
    note(reclaim.erased());
    SPIND_TRY(std::move(done));
    return reclaim.erased().spaces > 0 ? Status() : count_waiting(space);
  }

  // Nothing that a reader can reach changes, so it is no entry.
  Status move_floor(const SpaceId& space) {
    // Mostly there is nothing to do, and the space need not be owned to see that.
    SPIND_TRY_ASSIGN(const EntryNumber seen, wanted_floor(*all_.kv_.durable(), space));
    if (seen == 0) return {};
    const kv::Answer answer =
        all_.kv_.update({model::space_partition(space)}, [&](kv::Transaction& rows) -> kv::Outcome {
          rows.use_reserve();
          SPIND_TRY_ASSIGN(const EntryNumber floor, wanted_floor(rows, space));
          if (floor == 0) return kv::Commit{};
          space::State state(rows, space);
          SPIND_TRY_ASSIGN(model::Head * head, state.head());
          if (head->epoch != all_.epoch_)
            return Error{.code = Code::unavailable, .text = "the space has another owner now"};
          head->floor = floor;
          state.flush();
          return kv::Commit{};
        });
    if (!answer.status.ok()) return answer.status.error();
    return all_.kv_.wait(answer.ticket);
  }

  // 0: it is where it should be.
  Result<EntryNumber> wanted_floor(const kv::View& view, const SpaceId& space) const {
    SPIND_TRY_ASSIGN(const auto head_row, view.get(Family::state, model::head_key(space)));
    SPIND_TRY_ASSIGN(const auto info_row, view.get(Family::state, model::info_key(space)));
    if (!head_row || !info_row) return space::no_such_space(space);
    SPIND_TRY_ASSIGN(const model::Head head, model::decode_head(*head_row));
    SPIND_TRY_ASSIGN(const model::SpaceRecord info, model::decode_space(*info_row));
    FloorWish wish{.policy = info.floor, .now_ns = {}, .forget = options_.forget == space};
    // A wall clock that jumped says nothing about how old an entry is.
    if (all_.clocks_.clocks_agree()) wish.now_ns = all_.clock_.wall_ns();
    SPIND_TRY_ASSIGN(const EntryNumber floor, find_floor(view, space, head, wish));
    return floor == head.floor ? EntryNumber{0} : floor;
  }

  void note(const Erased& erased) {
    report_.entries += erased.entries;
    report_.nodes += erased.nodes;
    report_.versions += erased.versions;
    report_.spaces += erased.spaces;
    all_.entries_ += erased.entries;
    all_.nodes_ += erased.nodes;
    all_.versions_ += erased.versions;
    all_.spaces_ += erased.spaces;
  }

  // What fell away and waits for the floor, and for how long the first of it has.
  Status count_waiting(const SpaceId& space) {
    const kv::SnapshotRef snapshot = all_.kv_.durable();
    SPIND_TRY_ASSIGN(const auto info, snapshot->get(Family::state, model::info_key(space)));
    if (!info) return space::no_such_space(space);
    SPIND_TRY_ASSIGN(const model::SpaceRecord record, model::decode_space(*info));
    if (record.state == SpaceStatus::purged) ++waiting_spaces_;
    std::optional<EntryNumber> oldest;
    for (const SpaceRow row : {SpaceRow::purged, SpaceRow::unused, SpaceRow::dropped}) {
      SPIND_TRY_ASSIGN(const EntryNumber trimmed, read_trimmed(*snapshot, space));
      const auto cursor =
          snapshot->scan(Family::state, model::first_of_entry(space, row, trimmed + 1),
                         model::end_of(model::row_prefix(space, row)));
      if (cursor->valid()) {
        const EntryNumber entry = model::entry_in_key(cursor->key());
        oldest = std::min(oldest.value_or(entry), entry);
      }
      for (std::uint64_t rows = 0; cursor->valid() && rows < kBacklogRowsMax; cursor->next())
        ++rows, ++waiting_rows_;
      SPIND_TRY(cursor->status());
    }
    if (!oldest) return {};
    SPIND_TRY_ASSIGN(const model::Entry entry, journal::read(*snapshot, space, *oldest));
    const std::int64_t age_ns = all_.clock_.wall_ns() - entry.time_ns;
    const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(age_ns, 0)) / kSecondNs;
    waiting_seconds_ = std::max(waiting_seconds_, seconds);
    return {};
  }

  Status step() {
    ++steps_;
    const bool cancelled = (options_.cancel && options_.cancel->cancelled()) ||
                           (options_.progress && !options_.progress({steps_, 0}));
    if (cancelled) return Error{.code = Code::cancelled, .text = "the collection was cancelled"};
    return {};
  }

  static constexpr std::uint64_t kSecondNs = 1'000'000'000;
  Reclaimer& all_;
  const CollectOptions& options_;
  CollectReport& report_;
  std::uint64_t steps_ = 0, waiting_rows_ = 0, waiting_seconds_ = 0, waiting_spaces_ = 0;
};

Status Reclaimer::run(const CollectOptions& options, CollectReport& report) {
  const std::lock_guard lock(running_);
  return Run(*this, options, report).run();
}

Reclaimer::Metrics Reclaimer::metrics() const {
  return {.waiting_rows = waiting_rows_,
          .waiting_seconds = waiting_seconds_,
          .waiting_spaces = waiting_spaces_,
          .entries = entries_,
          .nodes = nodes_,
          .versions = versions_,
          .spaces = spaces_};
}

}  // namespace spind::upkeep
