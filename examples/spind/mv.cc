#include "commands.h"

namespace spind::tool {
namespace {

// As mv does: a target that is a folder is what to move into.
Result<Ref> final_place(const Space& space, const Ref& from, const Ref& to) {
  const Result<NodeInfo> target = space.stat(to);
  if (target.code() == Code::not_found) return to;
  if (!target.ok()) return target.error();
  if (target->kind == NodeKind::file) return to;
  const Result<NodeInfo> moved = space.stat(from);
  if (!moved.ok()) return moved.error();
  // Moving a folder into itself is for the store to refuse; to its own place is no change.
  if (moved->id == target->id) return to;
  return Ref::below(target->id, moved->name);
}

}  // namespace

Exit run_mv(Tool& tool) {
  const Result<Target> from = tool.target(tool.operand(0));
  if (!from.ok()) return tool.fail(from.error());
  const Result<Target> to = tool.target(tool.operand(1));
  if (!to.ok()) return tool.fail(to.error());
  if (from->space.id() != to->space.id()) {
    return tool.fail(
        {.code = Code::unsupported, .text = "a move stays in one space", .path = tool.operand(1)});
  }
  const Result<Ref> place = final_place(from->space, from->ref, to->ref);
  if (!place.ok()) return tool.fail(place.error());
  const Result<Written> written =
      from->space.move(from->ref, *place, {.replace = tool.args().has("replace")});
  if (!written.ok()) return tool.fail(written.error());
  const Result<std::string> path = shown_path(from->space, written->node);
  if (!path.ok()) return tool.fail(path.error());
  tool.emit(JsonObject().number("id", written->node).text("path", *path));
  return Exit::done;
}

}  // namespace spind::tool
