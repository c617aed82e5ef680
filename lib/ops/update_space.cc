#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/commit.h"
#include "ops/ops.h"
#include "ops/space_names.h"
#include "space/resolve.h"

namespace spind::ops {
namespace {

// An image or a readme is a file that hangs in the space, or none.
Status check_presents(space::State& state, NodeId node) {
  if (node == 0) return {};
  SPIND_TRY_ASSIGN(const space::Resolved at, space::resolve(state, Ref::node(node)));
  if (at.place.node->kind == NodeKind::file) return {};
  return Error{.code = Code::is_a_folder,
               .text = "a folder presents no space",
               .path = Ref::node(node).to_string()};
}

Result<Decision> decide(space::State& state, const Call& call, const SpaceChange& change) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY(access::may_manage(call.who, *info));
  model::SpaceRecord after = *info;
  if (change.alias) after.alias = *change.alias;
  if (change.name) after.name = *change.name;
  if (change.description) after.description = *change.description;
  if (change.floor) after.floor = *change.floor;
  if (change.trash) after.trash = *change.trash;
  if (change.versions) after.versions = *change.versions;
  if (change.pieces) after.pieces = *change.pieces;
  for (const auto& [given, node] :
       {std::pair(change.image, &after.image), std::pair(change.readme, &after.readme)}) {
    if (!given || *given == *node) continue;
    SPIND_TRY(check_presents(state, *given));
    *node = *given;
  }
  Decision decision;
  decision.written.node = kRootNode;
  if (after != *info) decision.changes.push_back(model::SpaceUpdated{*info, std::move(after)});
  return decision;
}

// Gives the old alias back and takes the new one.
Status move_alias(kv::Transaction& rows, space::State& state, const std::string& alias_before) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  if (info->alias == alias_before) return {};
  if (!alias_before.empty())
    rows.erase(kv::Family::state, model::catalogue_alias_key(info->tenant, alias_before));
  return take_alias(rows, info->tenant, info->alias, state.space());
}

}  // namespace

Result<Written> update_space(const Context& context, const Call& call, const SpaceId& space,
                             const SpaceChange& change) {
  if (change.alias) SPIND_TRY(check_space_text(*change.alias, "alias", kSpaceNameBytesMax));
  if (change.name) SPIND_TRY(check_space_text(*change.name, "name", kSpaceNameBytesMax));
  if (change.description)
    SPIND_TRY(check_space_text(*change.description, "description", kDescriptionBytesMax));
  if (change.floor) SPIND_TRY(check_floor_policy(*change.floor));
  if (change.trash) SPIND_TRY(check_trash_policy(*change.trash));
  if (change.versions) SPIND_TRY(check_version_policy(*change.versions));
  if (change.pieces) SPIND_TRY(check_piece_rule(*change.pieces));
  std::string alias_before;
  const Request request{.space = space,
                        .type = model::EntryType::space_updated,
                        .request_id = {},
                        .also_owned = model::catalogue_partition(),
                        .also =
                            [&alias_before](kv::Transaction& rows, space::State& state) {
                              return move_alias(rows, state, alias_before);
                            },
                        .wanted = Wanted::space_itself};
  return commit(context, call, request,
                [&](space::State& state, const Moment&) -> Result<Decision> {
                  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
                  alias_before = info->alias;
                  return decide(state, call, change);
                });
}

}  // namespace spind::ops
