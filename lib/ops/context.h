// What every verb works on, and who asks.
#pragma once

#include <chrono>
#include <optional>

#include "access/access.h"
#include "base/clock_drift.h"
#include "base/random.h"
#include "content/content.h"
#include "kv/kv.h"
#include "ops/past.h"
#include "ops/stagings.h"
#include "space/reading.h"
#include "space/resolve.h"

namespace spind::ops {

// The open store, borrowed. `epoch` is the owner epoch under which this process holds it.
struct Context {
  kv::Store& kv;
  space::RowCache& rows;
  content::Content& content;
  Clock& clock;
  const ClockDrift& clocks;  // the same one: whether to believe it about how old things are
  Random& random;
  content::MemoryBudget& past_memory;  // for views of the past and rewinds
  Stagings& stagings;
  std::uint64_t epoch = 1;
};

// One request.
struct Call {
  access::Principal who;
  std::int64_t deadline_monotonic_ns = 0;  // 0: none
  std::optional<CancelToken> cancel;
  bool deferred = false;               // changes answer before they are durable
  bool upkeep = false;                 // the store itself, which asks for no rights
  std::shared_ptr<const Past> past{};  // its space is read as it was then, and cannot be changed

  // ok, cancelled or deadline_exceeded.
  Status interrupted(Clock& clock) const;
  // Until its deadline; none: it has none.
  std::optional<std::chrono::nanoseconds> time_left(Clock& clock) const;
  // Asks that, as long as the call is there; null if nothing can interrupt it.
  Interrupt interrupt(Clock& clock) const;
};

// unsupported if the call looks at the past: it cannot be changed, and nothing happens in it.
Status may_change(const Call& call);
Status may_follow(const Call& call);

// A space in the newest durable snapshot, or as it was, for a caller who may know of it now.
struct Entered {
  space::Reading reading;
  space::SpaceRef info;
};
// What a verb wants of a space: a disabled one still has itself to show, and no nodes.
enum class Wanted : std::uint8_t { nodes, space_itself };
// ok, or what is said of a space that does not exist.
Status may_enter(const Call& call, const model::SpaceRecord& info, const SpaceId& space,
                 Wanted wanted = Wanted::nodes);
Result<Entered> enter(const Context& context, const Call& call, const SpaceId& space,
                      Wanted wanted = Wanted::nodes);

// The node that `ref` names, with the rights that the verb needs on it; not_found if it is missing.
Result<space::Resolved> find(space::NodeSource& source, const model::SpaceRecord& info,
                             const Call& call, const Ref& ref, access::Permissions wanted);

// permit() for a node, or for the folder at the end of `way` if `node` is 0; names `ref` in errors.
Status permit(const Call& call, const model::SpaceRecord& info, const std::vector<NodeId>& way,
              NodeId node, access::Permissions wanted, const Ref& ref);

void fill(NodeInfo& info, NodeId parent, std::string_view name, const model::NodeRecord& node,
          std::uint64_t history);
NodeInfo to_info(const space::Place& place, std::uint64_t history);

// Whether the error tells of stored bytes that are not as they were written, and not of the device
// or the caller.
inline bool is_damage(const Error& error) {
  return error.code == Code::corruption || error.code == Code::unsupported;
}

// Whether the error tells that the keys of a space cannot be had, as those of a destroyed vault.
// Who goes over all spaces passes such a one over: it is not damaged, and nothing of it can be
// read.
inline content::Owner owner_of(const model::SpaceRecord& info, const SpaceId& space) {
  return {model::vault_name(info, space), space, info.pieces};
}

inline bool is_locked(const Error& error) { return error.code == Code::key_unavailable; }

// Whether the node that stands there (null: none) fulfils the conditions.
Status check_conditions(const model::NodeRecord* node, std::uint64_t history,
                        const Preconditions& conditions, const Ref& ref);

}  // namespace spind::ops
