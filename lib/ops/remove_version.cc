#include "base/try.h"
#include "ops/file_versions.h"
#include "ops/ops.h"

namespace spind::ops {
namespace {

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref, VersionNumber number,
                        const VersionChangeOptions& options) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY_ASSIGN(
      const space::Resolved at,
      find_file(state, *info, call, ref, access::kRestoreFileVersion | access::kDelete));
  const model::NodeRecord& node = *at.place.node;
  SPIND_TRY(check_conditions(&node, info->history, options.conditions, ref));
  if (number == node.current.number)
    return Error{.code = Code::conflict,
                 .text = "the current version stays; remove the file, or restore another first",
                 .path = ref.to_string()};
  SPIND_TRY_ASSIGN(const auto version, state.version(node.id, number));
  if (!version) return no_such_version(number, ref);
  SPIND_TRY_ASSIGN(const model::MarkRecord mark, state.mark(node.id, number));
  if (mark.pinned)
    return Error{.code = Code::precondition_failed,
                 .text = "the version is pinned",
                 .path = ref.to_string()};
  Decision decision;
  decision.written.node = node.id;
  decision.written.version = number;
  model::VersionRemoved removed;
  removed.node = node.id;
  removed.version.number = number;
  decision.changes.push_back(std::move(removed));
  return decision;
}

}  // namespace

Result<Written> remove_version(const Context& context, const Call& call, const SpaceId& space,
                               const Ref& file, VersionNumber number,
                               const VersionChangeOptions& options) {
  const Request request{.space = space,
                        .type = model::EntryType::version_removed,
                        .request_id = options.request_id,
                        .uses_reserve = true};
  return commit(context, call, request, [&](space::State& state, const Moment&) {
    return decide(state, call, file, number, options);
  });
}

}  // namespace spind::ops
