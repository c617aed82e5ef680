#include "base/limits.h"
#include "base/try.h"
#include "base/utf8.h"
#include "ops/file_versions.h"
#include "ops/ops.h"

namespace spind::ops {
namespace {

Status check_label(std::string_view label) {
  if (label.size() > kLabelBytesMax)
    return Error{.code = Code::limit_exceeded,
                 .text = "the label is too long",
                 .path = {},
                 .limit = kLabelBytesMax,
                 .used = label.size()};
  if (!valid_utf8(label) || label.find('\0') != std::string_view::npos)
    return Error{.code = Code::invalid_argument, .text = "a label is UTF-8 without NUL"};
  return {};
}

Result<Decision> decide(space::State& state, const Call& call, const Ref& ref, VersionNumber number,
                        const VersionMark& mark, const VersionChangeOptions& options) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
  SPIND_TRY_ASSIGN(const space::Resolved at,
                   find_file(state, *info, call, ref, access::kRestoreFileVersion));
  const model::NodeRecord& node = *at.place.node;
  SPIND_TRY(check_conditions(&node, info->history, options.conditions, ref));
  if (number != node.current.number) {
    SPIND_TRY_ASSIGN(const auto version, state.version(node.id, number));
    if (!version) return no_such_version(number, ref);
  }
  SPIND_TRY_ASSIGN(const model::MarkRecord before, state.mark(node.id, number));
  model::MarkRecord after = before;
  if (mark.pinned) after.pinned = *mark.pinned;
  if (mark.label) after.label = *mark.label;
  Decision decision;
  decision.written.node = node.id;
  if (after == before) return decision;
  decision.written.version = number;
  decision.changes.push_back(model::VersionMarked{node.id, number, before, after, 0});
  return decision;
}

}  // namespace

Result<Written> mark_version(const Context& context, const Call& call, const SpaceId& space,
                             const Ref& file, VersionNumber number, const VersionMark& mark,
                             const VersionChangeOptions& options) {
  if (mark.label) SPIND_TRY(check_label(*mark.label));
  const Request request{
      .space = space, .type = model::EntryType::version_marked, .request_id = options.request_id};
  return commit(context, call, request, [&](space::State& state, const Moment&) {
    return decide(state, call, file, number, mark, options);
  });
}

}  // namespace spind::ops
