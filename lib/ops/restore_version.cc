#include "base/hash.h"
#include "base/try.h"
#include "ops/file_versions.h"
#include "ops/ops.h"

namespace spind::ops {
namespace {

// Pieces are shared. An attachment belongs to one version, so that it can go with it: the new one
// gets a copy of the row.
Status refer_again(space::State& state, const Moment& moment, model::ContentRef& content,
                   Decision& decision) {
  if (!content.has_attachment()) return {};
  SPIND_TRY_ASSIGN(std::string row, state.attachment(content.attachment));
  content.attachment = {moment.number, 0};
  if (content.kind == model::ContentKind::manifest)
    decision.manifests.push_back(sha256(as_bytes(row)));
  decision.attachments.push_back(std::move(row));
  return {};
}

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref, VersionNumber number,
                        const VersionChangeOptions& options, const Moment& moment) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find_file(state, *info, call, ref, access::kRestoreFileVersion));
  const model::NodeRecord& node = *at.place.node;
  SPIND_TRY(check_conditions(&node, info->history, options.conditions, ref));
  Decision decision;
  decision.written.node = node.id;
  if (number == node.current.number) return decision;
  SPIND_TRY_ASSIGN(auto version, state.version(node.id, number));
  if (!version) return no_such_version(number, ref);
  version->number = node.current.number + 1;
  version->written_ms = moment.time_ns / 1'000'000;
  version->entry = moment.number;
  version->author = call.who.user;
  SPIND_TRY(refer_again(state, moment, version->content, decision));
  decision.written.version = version->number;
  decision.written.size_bytes = version->size_bytes;
  decision.written.sha256 = version->sha256;
  decision.changes.push_back(model::VersionAdded{node.id, *std::move(version), 0, 0});
  return decision;
}

}  // namespace

Result<Written> restore_version(const Context& context, const Call& call, const SpaceId& space,
                                const Ref& file, VersionNumber number,
                                const VersionChangeOptions& options) {
  const Request request{
      .space = space, .type = model::EntryType::version_restored, .request_id = options.request_id};
  return commit(context, call, request, [&](space::State& state, const Moment& moment) {
    return decide(state, call, file, number, options, moment);
  });
}

}  // namespace spind::ops
