#include "upkeep/destroyed_space.h"

#include "base/bytes.h"
#include "base/try.h"
#include "model/keys.h"
#include "space/state.h"
#include "upkeep/space_erasure.h"

namespace spind::upkeep {
namespace {

using kv::Family;

Status leave_catalogue(kv::Transaction& rows, const SpaceId& space,
                       const model::SpaceRecord& info) {
  rows.erase(Family::state, model::catalogue_space_key(info.tenant, info.kind, space));
  rows.put(Family::state, model::catalogue_gone_key(space), "");
  if (info.alias.empty()) return {};
  const std::string alias = model::catalogue_alias_key(info.tenant, info.alias);
  SPIND_TRY_ASSIGN(const auto holder, rows.get(Family::state, alias));
  if (holder && *holder == as_text(space.bytes)) rows.erase(Family::state, alias);
  return {};
}

Status retire(kv::Transaction& rows, std::uint64_t epoch, const SpaceId& space) {
  space::State state(rows, space);
  SPIND_TRY_ASSIGN(model::Head * head, state.head());
  if (head->epoch != epoch)
    return Error{.code = Code::unavailable, .text = "the space has another owner now"};
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  if (is_going(*info, *head)) return {};
  model::SpaceRecord after = *info;
  SPIND_TRY(leave_catalogue(rows, space, after));
  after.state = SpaceStatus::purged;
  head->floor = head->entry;
  state.set_info(after);
  state.flush();
  return {};
}

}  // namespace

Status retire_if_destroyed(kv::Store& kv, content::Content& content, std::uint64_t epoch,
                           const SpaceId& space) {
  SPIND_TRY_ASSIGN(const auto row, kv.durable()->get(Family::state, model::info_key(space)));
  if (!row) return {};
  SPIND_TRY_ASSIGN(const model::SpaceRecord info, model::decode_space(*row));
  SPIND_TRY_ASSIGN(const bool destroyed, content.is_destroyed(model::vault_name(info, space)));
  if (!destroyed) return {};
  const kv::Answer answer = kv.update({model::space_partition(space), model::catalogue_partition()},
                                      [&](kv::Transaction& rows) -> kv::Outcome {
                                        rows.use_reserve();
                                        SPIND_TRY(retire(rows, epoch, space));
                                        return kv::Commit{};
                                      });
  if (!answer.status.ok()) return answer.status.error();
  return kv.wait(answer.ticket);
}

}  // namespace spind::upkeep
