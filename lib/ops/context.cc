#include "ops/context.h"

#include "base/try.h"
#include "space/resolve.h"

namespace spind::ops {
namespace {

Error failed_condition(std::string_view which, const Ref& ref) {
  return {.code = Code::precondition_failed,
          .text = "a condition does not hold: " + std::string(which),
          .path = ref.to_string()};
}

// Whether a comma-separated list of ETags, as HTTP has it, names this one. `*` names any; a weak
// one (W/"…") counts where HTTP compares weakly.
bool names_etag(std::string_view list, const std::string& etag, bool weak) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, end);
    list.remove_prefix(end == list.size() ? end : end + 1);
    const std::size_t first = one.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    one = one.substr(first, one.find_last_not_of(" \t") - first + 1);
    if (weak && one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == etag) return true;
  }
  return false;
}

}  // namespace

Status Call::interrupted(Clock& clock) const {
  if (cancel && cancel->cancelled())
    return Error{.code = Code::cancelled, .text = "the caller cancelled it"};
  if (deadline_monotonic_ns != 0 && clock.monotonic_ns() >= deadline_monotonic_ns)
    return Error{.code = Code::deadline_exceeded, .text = "the session's time is over"};
  return {};
}

std::optional<std::chrono::nanoseconds> Call::time_left(Clock& clock) const {
  if (deadline_monotonic_ns == 0) return std::nullopt;
  return std::chrono::nanoseconds(
      std::max<std::int64_t>(deadline_monotonic_ns - clock.monotonic_ns(), 0));
}

Interrupt Call::interrupt(Clock& clock) const {
  if (!cancel && deadline_monotonic_ns == 0) return nullptr;
  return [this, &clock] { return interrupted(clock); };
}

Status may_enter(const Call& call, const model::SpaceRecord& info, const SpaceId& space,
                 Wanted wanted) {
  if (info.state == SpaceStatus::purged) return space::no_such_space(space);
  if (call.upkeep) return {};
  const bool disabled = info.state == SpaceStatus::disabled;
  if (!disabled && access::may_enter(call.who, info).ok()) return {};
  if (disabled && wanted == Wanted::space_itself && access::may_manage(call.who, info).ok())
    return {};
  // To the letter what is said of a space that does not exist.
  return space::no_such_space(space);
}

Status may_change(const Call& call) {
  if (call.past == nullptr) return {};
  return Error{.code = Code::unsupported, .text = "a view of the past cannot be changed"};
}

Status may_follow(const Call& call) {
  if (call.past == nullptr) return {};
  return Error{.code = Code::unsupported, .text = "nothing happens in a view of the past"};
}

Result<Entered> enter(const Context& context, const Call& call, const SpaceId& space,
                      Wanted wanted) {
  SPIND_TRY(call.interrupted(context.clock));
  Entered entered{space::Reading(context.kv.durable(), context.rows, space), nullptr};
  SPIND_TRY_ASSIGN(entered.info, entered.reading.info());
  SPIND_TRY(may_enter(call, *entered.info, space, wanted));
  // What lies in memory is nobody's any more once the keys are gone.
  SPIND_TRY(context.content.keys_at_hand(model::vault_name(*entered.info, space)));
  if (call.past == nullptr) return entered;
  // What reads on, as a reader does, keeps the view and the memory that is counted for it.
  kv::SnapshotRef snapshot(call.past, call.past->snapshot.get());
  return Entered{space::Reading(std::move(snapshot), *call.past->rows, space), entered.info};
}

Result<space::Resolved> find(space::NodeSource& source, const model::SpaceRecord& info,
                             const Call& call, const Ref& ref, access::Permissions wanted) {
  SPIND_TRY_ASSIGN(space::Resolved at, space::resolve(source, ref));
  if (!at.exists())
    return Error{.code = Code::not_found, .text = "no such node", .path = ref.to_string()};
  SPIND_TRY(permit(call, info, at.way, at.place.node->id, wanted, ref));
  return at;
}

Status permit(const Call& call, const model::SpaceRecord& info, const std::vector<NodeId>& way,
              NodeId node, access::Permissions wanted, const Ref& ref) {
  if (call.upkeep) return {};
  Status verdict;
  if (node == 0) {
    verdict = access::permit(call.who, info, way, wanted);
  } else {
    std::vector<NodeId> whole = way;
    whole.push_back(node);
    verdict = access::permit(call.who, info, whole, wanted);
  }
  if (verdict.ok()) return verdict;
  Error error = std::move(verdict).error();
  error.path = ref.to_string();
  return error;
}

NodeInfo to_info(const space::Place& place, std::uint64_t history) {
  NodeInfo info;
  fill(info, place.parent, place.name, *place.node, history);
  return info;
}

void fill(NodeInfo& info, NodeId parent, std::string_view name, const model::NodeRecord& node,
          std::uint64_t history) {
  info.id = node.id;
  info.parent = parent;
  info.kind = node.kind;
  info.name = name;
  info.mtime_ns = node.mtime_ns;
  info.creator = node.creator;
  info.changed = node.changed;
  info.history = history;
  if (node.kind == NodeKind::file) {
    info.size_bytes = node.current.size_bytes;
    info.version = node.current.number;
    info.sha256 = node.current.sha256;
    info.checksums = node.current.checksums;
    info.author = node.current.author;
    info.totals.version_bytes = node.version_bytes;
  } else {
    info.size_bytes = node.totals.live_bytes;
    info.totals = node.totals;
  }
}

Status check_conditions(const model::NodeRecord* node, std::uint64_t history,
                        const Preconditions& conditions, const Ref& ref) {
  if (!conditions.if_match && !conditions.if_none_match && !conditions.if_unmodified_since_ns)
    return {};
  std::string etag;
  if (node != nullptr) {
    NodeInfo info;
    info.changed = node->changed;
    info.history = history;
    etag = info.etag();
  }
  if (conditions.if_match && (node == nullptr || !names_etag(*conditions.if_match, etag, false)))
    return failed_condition("If-Match", ref);
  if (conditions.if_none_match && node != nullptr &&
      names_etag(*conditions.if_none_match, etag, true))
    return failed_condition("If-None-Match", ref);
  if (conditions.if_unmodified_since_ns &&
      (node == nullptr || node->mtime_ns > *conditions.if_unmodified_since_ns))
    return failed_condition("If-Unmodified-Since", ref);
  return {};
}

}  // namespace spind::ops
