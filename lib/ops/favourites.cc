// Nodes that a person chose for themselves. They lie in the person's own partition, so nobody else
// learns of them, and nothing that happens in a space has to follow them: a listing leaves out what
// is no longer there.
#include "base/limits.h"
#include "base/try.h"
#include "model/keys.h"
#include "ops/ops.h"
#include "ops/row_pages.h"
#include "ops/visible_node.h"

namespace spind::ops {
namespace {

using kv::Family;

// Counted rather than kept in a row, which could be wrong: it is asked only when one is added.
Status check_room(const kv::View& rows, const std::string& prefix) {
  std::size_t count = 0;
  const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid() && count < kFavouritesMax; cursor->next()) ++count;
  SPIND_TRY(cursor->status());
  if (count < kFavouritesMax) return {};
  return Error{.code = Code::limit_exceeded,
               .text = "too many favourites",
               .path = {},
               .limit = kFavouritesMax,
               .used = count + 1};
}

Status set_row(kv::Transaction& rows, const std::string& prefix, const std::string& key,
               bool favourite) {
  SPIND_TRY_ASSIGN(const auto there, rows.get(Family::state, key));
  if (there.has_value() == favourite) return {};
  if (!favourite) {
    rows.erase(Family::state, key);
    return {};
  }
  SPIND_TRY(check_room(rows, prefix));
  rows.put(Family::state, key, "");
  return {};
}

// The id of what is to be a favourite or no more. Who takes back what they named by its id alone
// need not be able to see it any more.
Result<NodeId> node_of(const Context& context, const Call& call, const SpaceId& space,
                       const Ref& ref, bool favourite) {
  const bool by_id = ref.start() != kRootNode && ref.path().empty();
  if (by_id && !favourite) return ref.start();
  SPIND_TRY_ASSIGN(Entered entered, enter(context, call, space));
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find(entered.reading, *entered.info, call, ref, access::kStat));
  return at.place.node->id;
}

// One space after the other, as their favourites come.
class Spaces {
 public:
  Spaces(const Context& context, const Call& call, kv::SnapshotRef snapshot)
      : context_(context), call_(call), snapshot_(std::move(snapshot)) {}

  Result<std::optional<NodeInfo>> visible(const model::FavouriteInKey& favourite) {
    if (!reading_ || reading_->space() != favourite.space) SPIND_TRY(enter(favourite.space));
    if (info_ == nullptr) return std::optional<NodeInfo>{};
    return visible_node(*reading_, *info_, call_, favourite.node);
  }

 private:
  Status enter(const SpaceId& space) {
    reading_.emplace(snapshot_, context_.rows, space);
    auto info = reading_->info();
    if (!info.ok() && info.code() != Code::not_found) return std::move(info).error();
    const bool visible = info.ok() && may_enter(call_, **info, space).ok();
    info_ = visible ? *info : nullptr;
    return {};
  }

  const Context& context_;
  const Call& call_;
  const kv::SnapshotRef snapshot_;
  std::optional<space::Reading> reading_;
  space::SpaceRef info_;  // null: there is nothing to see in it
};

}  // namespace

Status set_favourite(const Context& context, const Call& call, const SpaceId& space, const Ref& ref,
                     bool favourite) {
  SPIND_TRY(may_change(call));
  SPIND_TRY_ASSIGN(const NodeId node, node_of(context, call, space, ref, favourite));
  const std::string prefix = model::favourites_prefix(call.who.tenant, call.who.user);
  const std::string key = model::favourite_key(call.who.tenant, call.who.user, space, node);
  kv::Answer answer =
      context.kv.update({model::principal_partition(call.who.tenant, call.who.user)},
                        [&](kv::Transaction& rows) -> kv::Outcome {
                          Status done = set_row(rows, prefix, key, favourite);
                          if (!done.ok()) return std::move(done).error();
                          return kv::Commit{};
                        });
  SPIND_TRY(context.kv.wait(answer.ticket, call.deadline_monotonic_ns));
  return std::move(answer.status);
}

Result<PageOf<Favourite>> favourites(const Context& context, const Call& call,
                                     std::size_t count_max, std::string_view after) {
  SPIND_TRY(call.interrupted(context.clock));
  const std::string prefix = model::favourites_prefix(call.who.tenant, call.who.user);
  const kv::SnapshotRef snapshot = context.kv.durable();
  Spaces spaces(context, call, snapshot);
  return page_of_rows<Favourite>(
      context, call, *snapshot, {prefix, prefix}, count_max, after,
      [&](std::string_view key, std::string_view) -> Result<std::optional<Favourite>> {
        SPIND_TRY_ASSIGN(const auto favourite, model::favourite_in_key(prefix, key));
        SPIND_TRY_ASSIGN(auto info, spaces.visible(favourite));
        if (!info) return std::optional<Favourite>{};
        return std::optional(Favourite{favourite.space, *std::move(info)});
      });
}

}  // namespace spind::ops
