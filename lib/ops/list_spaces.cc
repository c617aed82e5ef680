#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/ops.h"
#include "ops/row_pages.h"
#include "ops/space_names.h"

namespace spind::ops {
namespace {

using kv::Family;

// What lies in rows that are not sealed: all but the totals.
Result<SpaceInfo> readable_info(space::Reading& reading, const model::SpaceRecord& record) {
  SPIND_TRY_ASSIGN(const model::Head head, reading.head());
  SpaceInfo info;
  info.id = reading.space();
  info.kind = record.kind;
  info.tenant = record.tenant;
  info.alias = record.alias;
  info.name = record.name;
  info.description = record.description;
  info.owner = record.owner;
  info.creator = record.creator;
  info.names = record.names;
  info.created_ns = record.created_ns;
  info.trash_bytes = head.trash_bytes;
  info.entry = head.entry;
  info.visible = head.visible;
  info.history = record.history;
  info.floor_policy = record.floor;
  info.floor = std::max<EntryNumber>(head.floor, 1);
  info.state = record.state;
  info.image = record.image;
  info.readme = record.readme;
  info.trash_policy = record.trash;
  info.version_policy = record.versions;
  info.pieces = record.pieces;
  info.vault = record.vault;
  return info;
}

Result<SpaceInfo> to_space_info(space::Reading& reading, const model::SpaceRecord& record) {
  SPIND_TRY_ASSIGN(SpaceInfo info, readable_info(reading, record));
  SPIND_TRY_ASSIGN(const space::NodeRef root, reading.child(0, ""));
  if (root == nullptr) return Error{.code = Code::corruption, .text = "a space without a root"};
  info.totals = root->totals;
  return info;
}

// One space that cannot be looked into hides none of the others.
Result<SpaceInfo> listed_info(const Context& context, space::Reading& reading,
                              const model::SpaceRecord& record) {
  Status keys = context.content.keys_at_hand(model::vault_name(record, reading.space()));
  if (keys.ok()) {
    auto info = to_space_info(reading, record);
    if (info.ok() || !is_locked(info.error())) return info;
  } else if (!is_locked(keys.error())) {
    return std::move(keys).error();
  }
  SPIND_TRY_ASSIGN(SpaceInfo info, readable_info(reading, record));
  info.locked = true;
  return info;
}

// What a token is bound to.
std::string listing_name(const std::string& prefix, const SpaceFilter& filter) {
  return filter.state ? prefix + std::string(1, '\0') + static_cast<char>(*filter.state) : prefix;
}

// The prefix of the catalogue's keys that the filter leaves.
std::string filtered_prefix(const Call& call, const SpaceFilter& filter) {
  std::string prefix = model::catalogue_space_prefix(call.who.tenant);
  if (filter.kind) prefix.push_back(static_cast<char>(*filter.kind));
  return prefix;
}

// A space of the catalogue, if it passes the filter and the caller may know of it.
Result<std::optional<SpaceInfo>> visible_space(const Context& context, const Call& call,
                                               const SpaceFilter& filter,
                                               const kv::SnapshotRef& snapshot,
                                               std::string_view key) {
  space::Reading reading(snapshot, context.rows, model::space_in_catalogue_key(key));
  auto found = reading.info();
  if (found.code() == Code::not_found)
    return Error{.code = Code::corruption, .text = "the catalogue lists a space that is not there"};
  SPIND_TRY_ASSIGN(const space::SpaceRef record, std::move(found));
  if (filter.state && record->state != *filter.state) return std::optional<SpaceInfo>{};
  if (!may_enter(call, *record, reading.space(), Wanted::space_itself).ok())
    return std::optional<SpaceInfo>{};
  SPIND_TRY_ASSIGN(SpaceInfo info, listed_info(context, reading, *record));
  return std::optional(std::move(info));
}

}  // namespace

Result<SpaceInfo> space_info(const Context& context, const Call& call, const SpaceId& space) {
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space, Wanted::space_itself));
  return to_space_info(entered.reading, *entered.info);
}

Result<SpaceId> space_by_alias(const Context& context, const Call& call, std::string_view alias) {
  SPIND_TRY(call.interrupted(context.clock));
  const Error missing{.code = Code::not_found,
                      .text = "no space has the alias",
                      .path = std::string(alias.substr(0, kSpaceNameBytesMax))};
  if (alias.empty() || alias.size() > kSpaceNameBytesMax) return missing;
  const kv::SnapshotRef snapshot = context.kv.durable();
  SPIND_TRY_ASSIGN(const auto space, find_alias(*snapshot, call.who.tenant, alias));
  if (!space) return missing;
  SPIND_TRY_ASSIGN(const space::SpaceRef record,
                   space::Reading(snapshot, context.rows, *space).info());
  if (!may_enter(call, *record, *space, Wanted::space_itself).ok()) return missing;
  return *space;
}

Result<PageOf<SpaceInfo>> list_spaces(const Context& context, const Call& call,
                                      const SpaceFilter& filter, std::size_t count_max,
                                      std::string_view after) {
  SPIND_TRY(call.interrupted(context.clock));
  const std::string prefix = filtered_prefix(call, filter);
  const kv::SnapshotRef snapshot = context.kv.durable();
  return page_of_rows<SpaceInfo>(context, call, *snapshot, {prefix, listing_name(prefix, filter)},
                                 count_max, after, [&](std::string_view key, std::string_view) {
                                   return visible_space(context, call, filter, snapshot, key);
                                 });
}

}  // namespace spind::ops
