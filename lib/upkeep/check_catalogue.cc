#include "upkeep/check_catalogue.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/try.h"
#include "model/keys.h"
#include "upkeep/mends.h"

namespace spind::upkeep {

using kv::Family;

namespace {

// The record of a space that a row of the catalogue leads to. None: the space has rows, and what is
// wrong with them is told there.
Result<space::SpaceRef> find_record(const kv::SnapshotRef& snapshot, space::RowCache& no_cache,
                                    const SpaceId& space, Kind kind, Findings& findings,
                                    Mend mend) {
  auto info = space::Reading(snapshot, no_cache, space).info();
  if (info.ok()) return info;
  if (!is_damage(info.error())) return std::move(info).error();
  SPIND_TRY_ASSIGN(const auto next, next_space(*snapshot, model::space_partition(space)));
  if (next != space)
    findings.add(kind, 0, "the catalogue leads to a space that is not there", std::move(mend));
  return space::SpaceRef{};
}

// Whether the space that holds the alias says the same.
Result<bool> is_own_alias(const kv::View& view, std::string_view holder,
                          const model::SpaceRecord& info) {
  SpaceId space;
  if (holder.size() != space.bytes.size()) return false;
  std::copy(holder.begin(), holder.end(), space.bytes.begin());
  SPIND_TRY_ASSIGN(const auto row, view.get(Family::state, model::info_key(space)));
  const auto other = row ? model::decode_space(*row) : Result<model::SpaceRecord>(info);
  return row && other.ok() && other->tenant == info.tenant && other->alias == info.alias;
}

// visit(key, value) -> Status, for each row of the catalogue below `prefix`.
template <class Visit>
Status scan_catalogue(const kv::View& view, const std::string& prefix, const Visit& visit) {
  const auto cursor = view.scan(Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) SPIND_TRY(visit(cursor->key(), cursor->value()));
  return cursor->status();
}

}  // namespace

Result<std::optional<SpaceId>> next_space(const kv::View& view, const std::string& begin) {
  SpaceId last;
  last.bytes.fill(0xff);
  const std::string end = model::end_of(model::space_partition(last));
  std::optional<SpaceId> next;
  for (const Family family : {Family::state, Family::journal, Family::attachment}) {
    const auto cursor = view.scan(family, begin, end);
    Status read = cursor->status();
    // The keys of a space tell that it is there, also where its rows cannot be opened.
    if (!read.ok() && !is_locked(read.error())) return std::move(read).error();
    if (read.ok() && !cursor->valid()) continue;
    const SpaceId found = model::space_of(cursor->key());
    if (!next || found < *next) next = found;
  }
  return next;
}

Status visit_spaces(const kv::View& view, const std::function<Status(const SpaceId&)>& visit) {
  std::string begin = model::space_partition(SpaceId{});
  for (;;) {
    SPIND_TRY_ASSIGN(const auto space, next_space(view, begin));
    if (!space) return {};
    SPIND_TRY(visit(*space));
    begin = model::end_of(model::space_partition(*space));
  }
}

Status check_listed(const kv::View& view, const SpaceId& space, const model::SpaceRecord& info,
                    Findings& findings) {
  SPIND_TRY_ASSIGN(const auto row, view.get(Family::state, model::catalogue_space_key(
                                                               info.tenant, info.kind, space)));
  SPIND_TRY_ASSIGN(const auto gone, view.get(Family::state, model::catalogue_gone_key(space)));
  if (info.state == SpaceStatus::purged) {
    if (row)
      findings.add(Kind::catalogue, 0, "the catalogue lists it though it was purged",
                   settle_gone(space));
    if (!gone)
      findings.add(Kind::catalogue, 0, "it was purged, and its id is not taken for ever",
                   settle_gone(space));
    return {};
  }
  if (gone)
    findings.add(Kind::catalogue, 0, "the catalogue says that it was purged", settle_gone(space));
  if (!row)
    findings.add(Kind::catalogue, 0, "the catalogue does not list it by tenant and kind",
                 list_space(space));
  if (info.alias.empty()) return {};
  SPIND_TRY_ASSIGN(const auto holder,
                   view.get(Family::state, model::catalogue_alias_key(info.tenant, info.alias)));
  if (holder && *holder == as_text(space.bytes)) return {};
  SPIND_TRY_ASSIGN(const bool taken, is_own_alias(view, holder.value_or(""), info));
  findings.add(Kind::alias, 0, "its alias leads to another space or to none",
               taken ? note_only("alias") : put_alias(space));
  return {};
}

Status check_catalogue(const kv::SnapshotRef& snapshot, space::RowCache& no_cache,
                       Findings& findings, Steps& steps) {
  const auto check_space = [&](std::string_view key, std::string_view) -> Status {
    SPIND_TRY(steps.step());
    const SpaceId space = model::space_in_catalogue_key(key);
    findings.begin_space(space);
    SPIND_TRY_ASSIGN(const space::SpaceRef info,
                     find_record(snapshot, no_cache, space, Kind::catalogue, findings,
                                 unlist_space(std::string(key))));
    if (info != nullptr && key != model::catalogue_space_key(info->tenant, info->kind, space))
      findings.add(Kind::catalogue, 0, "the catalogue lists it under another tenant or kind",
                   unlist_space(std::string(key)));
    return {};
  };
  const auto check_alias = [&](std::string_view key, std::string_view value) -> Status {
    SPIND_TRY(steps.step());
    SpaceId space;
    findings.begin_space(space);
    if (value.size() != space.bytes.size()) {
      findings.add(Kind::alias, 0, "an alias leads to what is no space id",
                   drop_alias(std::string(key)));
      return {};
    }
    std::copy(value.begin(), value.end(), space.bytes.begin());
    findings.begin_space(space);
    SPIND_TRY_ASSIGN(const space::SpaceRef info,
                     find_record(snapshot, no_cache, space, Kind::alias, findings,
                                 drop_alias(std::string(key))));
    const bool purged = info != nullptr && info->state == SpaceStatus::purged;
    if (purged || (info != nullptr && key != model::catalogue_alias_key(info->tenant, info->alias)))
      findings.add(Kind::alias, 0, "an alias leads to it that is not its own",
                   drop_alias(std::string(key)));
    return {};
  };
  SPIND_TRY(scan_catalogue(*snapshot, model::catalogue_spaces_prefix(), check_space));
  return scan_catalogue(*snapshot, model::catalogue_aliases_prefix(), check_alias);
}

}  // namespace spind::upkeep
