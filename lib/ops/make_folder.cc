#include "base/try.h"
#include "ops/make_parents.h"
#include "ops/ops.h"

namespace spind::ops {
namespace {

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref,
                        const FolderOptions& options, const Moment& moment) {
  std::vector<std::string> missing;
  SPIND_TRY_ASSIGN(const space::Resolved at, space::resolve_with_missing(state, ref, &missing));
  Decision decision;
  if (at.exists()) {
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    SPIND_TRY(permit(call, *info, at.way, at.place.node->id, access::kStat, ref));
    if (!options.exist_ok || at.place.node->kind != NodeKind::folder)
      return Error{
          .code = Code::already_exists, .text = "the name is taken", .path = ref.to_string()};
    decision.written.node = at.place.node->id;
    return decision;
  }
  if (!missing.empty() && !options.make_parents)
    return Error{
        .code = Code::not_found, .text = "a folder on the way is missing", .path = ref.to_string()};
  SPIND_TRY_ASSIGN(const NewChild child,
                   place_new_child(state, call, moment, ref, at, missing, access::kCreateContainer,
                                   decision.changes));
  const std::int64_t mtime_ns = options.mtime_ns.value_or(moment.wall_ns);
  decision.changes.push_back(
      model::NodeAdded{child.parent, child.name, new_folder(child.id, call, mtime_ns)});
  decision.written.node = child.id;
  return decision;
}

}  // namespace

Result<Written> make_folder(const Context& context, const Call& call, const SpaceId& space,
                            const Ref& folder, const FolderOptions& options) {
  const Request request{
      .space = space, .type = model::EntryType::folder_made, .request_id = options.request_id};
  return commit(context, call, request, [&](space::State& state, const Moment& moment) {
    return decide(state, call, folder, options, moment);
  });
}

}  // namespace spind::ops
