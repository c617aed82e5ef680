#include <algorithm>

#include "base/try.h"
#include "ops/make_parents.h"
#include "ops/ops.h"

namespace spind::ops {
namespace {

Error conflict(std::string text, const Ref& ref) {
  return {.code = Code::conflict, .text = std::move(text), .path = ref.to_string()};
}

// Where the node goes, without a look at what it is. The last name may be missing.
Result<space::Resolved> find_target(space::State& state, const Ref& to) {
  std::vector<std::string> missing;
  SPIND_TRY_ASSIGN(space::Resolved target, space::resolve_with_missing(state, to, &missing));
  if (!missing.empty())
    return Error{
        .code = Code::not_found, .text = "the target's folder is missing", .path = to.to_string()};
  return target;
}

// A folder goes neither into itself nor below, and nothing replaces a folder that it lies in.
Status check_loops(const space::Resolved& source, const space::Resolved& target, const Ref& from,
                   const Ref& to) {
  const NodeId moved = source.place.node->id;
  if (moved == kRootNode) return conflict("the root cannot be moved", from);
  if (std::find(target.way.begin(), target.way.end(), moved) != target.way.end())
    return conflict("a folder cannot be moved into itself or below", to);
  if (!target.exists()) return {};
  const NodeId replaced = target.place.node->id;
  if (replaced == kRootNode) return conflict("the root cannot be replaced", to);
  if (std::find(source.way.begin(), source.way.end(), replaced) != source.way.end())
    return conflict("a folder cannot be replaced by what lies in it", to);
  return {};
}

Status check_rights(space::State& state, const Call& call, const space::Resolved& source,
                    const space::Resolved& target, const Ref& to) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  const access::Permissions to_add = source.place.node->kind == NodeKind::folder
                                         ? access::kCreateContainer
                                         : access::kInitiateFileUpload;
  SPIND_TRY(permit(call, *info, target.way, 0, to_add, to));
  if (!target.exists()) return {};
  return permit(call, *info, target.way, target.place.node->id, access::kDelete, to);
}

// Another spelling of the node's own name is no collision.
Status check_name_rule(space::State& state, const space::Resolved& source,
                       const space::Resolved& target, const Ref& to) {
  Status free = check_collision(state, target.place.parent, target.place.name, to);
  if (free.ok() || source.place.parent != target.place.parent) return free;
  SPIND_TRY_ASSIGN(const auto taken, state.colliding_name(target.place.parent, target.place.name));
  return taken == source.place.name ? Status() : std::move(free);
}

Result<Decision> decide(space::State& state, const Call& call, const Ref& from, const Ref& to,
                        const MoveOptions& options) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY_ASSIGN(const space::Resolved source, find(state, *info, call, from, access::kMove));
  SPIND_TRY(check_conditions(source.place.node.get(), info->history, options.conditions, from));
  SPIND_TRY_ASSIGN(const space::Resolved target, find_target(state, to));
  SPIND_TRY(check_rights(state, call, source, target, to));
  SPIND_TRY(check_loops(source, target, from, to));
  Decision decision;
  const NodeId moved = source.place.node->id;
  decision.written.node = moved;
  if (target.exists() && target.place.node->id == moved) return decision;  // it is there already
  if (target.exists()) {
    if (!options.replace)
      return Error{.code = Code::already_exists,
                   .text = "something stands at the target",
                   .path = to.to_string()};
    decision.changes.push_back(
        model::NodeTrashed{target.place.node->id, target.place.parent, target.place.name});
  } else {
    SPIND_TRY(check_name_rule(state, source, target, to));
  }
  decision.changes.push_back(model::NodeMoved{moved, source.place.parent, target.place.parent,
                                              source.place.name, target.place.name, 0});
  return decision;
}

}  // namespace

Result<Written> move(const Context& context, const Call& call, const SpaceId& space,
                     const Ref& from, const Ref& to, const MoveOptions& options) {
  const Request request{
      .space = space, .type = model::EntryType::moved, .request_id = options.request_id};
  return commit(context, call, request, [&](space::State& state, const Moment&) {
    return decide(state, call, from, to, options);
  });
}

}  // namespace spind::ops
