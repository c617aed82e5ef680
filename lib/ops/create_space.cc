#include "base/limits.h"
#include "base/try.h"
#include "base/uuid.h"
#include "model/keys.h"
#include "ops/commit.h"
#include "ops/make_parents.h"
#include "ops/ops.h"
#include "ops/space_names.h"

namespace spind::ops {
namespace {

model::SpaceRecord new_record(const Context& context, const Call& call, const SpaceOptions& options,
                              const Moment& moment) {
  model::SpaceRecord record;
  record.kind = options.kind;
  record.names = options.names;
  record.tenant = call.who.tenant;
  record.alias = options.alias;
  record.name = options.name;
  record.description = options.description;
  record.creator = call.who.user;
  if (options.kind == SpaceKind::personal) record.owner = call.who.user;
  record.created_ns = moment.wall_ns;
  record.history = context.random.next_u64();
  record.floor = options.floor;
  record.trash = options.trash;
  record.versions = options.versions;
  record.pieces = options.pieces;
  record.vault = options.vault;
  return record;
}

Result<Decision> decide(const Context& context, const Call& call, const SpaceOptions& options,
                        space::State& state, const Moment& moment) {
  SPIND_TRY_ASSIGN(const auto gone,
                   state.rows().get(kv::Family::state, model::catalogue_gone_key(state.space())));
  auto head = state.head();
  if (head.ok() || gone)
    return Error{.code = Code::already_exists,
                 .text = "the space id is taken",
                 .path = state.space().to_string()};
  if (head.code() != Code::not_found) return std::move(head).error();
  Decision decision;
  decision.changes.push_back(model::SpaceCreated{new_record(context, call, options, moment),
                                                 new_folder(kRootNode, call, moment.wall_ns)});
  decision.written.node = kRootNode;
  return decision;
}

// The catalogue's rows belong to the same commit.
Status add_to_catalogue(kv::Transaction& rows, space::State& state) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* record, state.info());
  SPIND_TRY(take_alias(rows, record->tenant, record->alias, state.space()));
  rows.put(kv::Family::state,
           model::catalogue_space_key(record->tenant, record->kind, state.space()), "");
  return {};
}

Status check_options(const SpaceOptions& options) {
  if (options.kind != SpaceKind::personal && options.kind != SpaceKind::project)
    return Error{.code = Code::invalid_argument, .text = "no such kind of space"};
  if (options.names != NameRule::exact && options.names != NameRule::folded)
    return Error{.code = Code::invalid_argument, .text = "no such name rule"};
  if (options.id && *options.id == SpaceId{})
    return Error{.code = Code::invalid_argument, .text = "the space id is all zeros"};
  SPIND_TRY(check_floor_policy(options.floor));
  SPIND_TRY(check_trash_policy(options.trash));
  SPIND_TRY(check_version_policy(options.versions));
  SPIND_TRY(check_piece_rule(options.pieces));
  if (options.vault != VaultRule::tenant && options.vault != VaultRule::own)
    return Error{.code = Code::invalid_argument, .text = "no such rule for vaults"};
  SPIND_TRY(check_space_text(options.alias, "alias", kSpaceNameBytesMax));
  SPIND_TRY(check_space_text(options.name, "name", kSpaceNameBytesMax));
  return check_space_text(options.description, "description", kDescriptionBytesMax);
}

// Before anything is sealed. A vault that is to be one space's own is not made in vain where the
// space cannot be, since nobody takes it away again.
Status make_keys(const Context& context, const Call& call, const SpaceOptions& options,
                 const SpaceId& id) {
  model::VaultName name{call.who.tenant};
  if (options.vault == VaultRule::own) {
    name.space = id;
    const kv::SnapshotRef snapshot = context.kv.durable();
    SPIND_TRY_ASSIGN(const auto holder, find_alias(*snapshot, call.who.tenant, options.alias));
    if (holder && !options.alias.empty())
      return Error{
          .code = Code::already_exists, .text = "the alias is taken", .path = options.alias};
    SPIND_TRY_ASSIGN(const auto head, snapshot->get(kv::Family::state, model::head_key(id)));
    SPIND_TRY_ASSIGN(const auto gone,
                     snapshot->get(kv::Family::state, model::catalogue_gone_key(id)));
    if (head || gone)
      return Error{
          .code = Code::already_exists, .text = "the space id is taken", .path = id.to_string()};
  }
  return context.content.make_keys(model::encode(name));
}

}  // namespace

Result<SpaceId> create_space(const Context& context, const Call& call,
                             const SpaceOptions& options) {
  SPIND_TRY(check_options(options));
  SPIND_TRY(may_change(call));
  const SpaceId id = options.id.value_or(SpaceId{make_uuid_v7(context.clock, context.random)});
  SPIND_TRY(make_keys(context, call, options, id));
  const Request request{.space = id,
                        .type = model::EntryType::space_created,
                        .also_owned = model::catalogue_partition(),
                        .also = add_to_catalogue,
                        .creates_space = true};
  // Durable also in a deferred session, which could not put anything large into it otherwise.
  Call waiting = call;
  waiting.deferred = false;
  SPIND_TRY(commit(context, waiting, request, [&](space::State& state, const Moment& moment) {
    return decide(context, call, options, state, moment);
  }));
  return id;
}

}  // namespace spind::ops
