#include "commands.h"

namespace spind::tool {
namespace {

Status remove_one(Tool& tool, const std::string& place) {
  const Result<Target> target = tool.target(place);
  if (!target.ok()) return target.error();
  const Result<NodeInfo> node = target->space.stat(target->ref);
  if (!node.ok()) return node.error();
  const Result<std::string> path = shown_path(target->space, node->id);
  if (!path.ok()) return path.error();
  const bool only_if_empty = !tool.args().has("recursive");
  const Result<Written> written =
      target->space.remove(Ref::node(node->id), {.only_if_empty = only_if_empty});
  if (!written.ok()) {
    Error error = written.error();
    error.path = *path;
    return error;
  }
  tool.emit(JsonObject().number("id", node->id).text("path", *path));
  return {};
}

}  // namespace

Exit run_rm(Tool& tool) {
  Exit exit = Exit::done;
  for (const std::string& place : tool.args().operands()) {
    const Status removed = remove_one(tool, place);
    if (removed.ok()) continue;
    if (removed.code() == Code::not_found && tool.args().has("force")) continue;
    exit = tool.fail(removed.error());
  }
  return exit;
}

}  // namespace spind::tool
