#include "commands.h"

namespace spind::tool {
namespace {

Status make_one(Tool& tool, const std::string& place) {
  const bool parents = tool.args().has("parents");
  const Result<Target> target = tool.target(place);
  if (!target.ok()) return target.error();
  const Result<Written> written =
      target->space.make_folder(target->ref, {.make_parents = parents, .exist_ok = parents});
  if (!written.ok()) return written.error();
  const Result<std::string> path = shown_path(target->space, written->node);
  if (!path.ok()) return path.error();
  tool.emit(JsonObject()
                .number("id", written->node)
                .text("path", *path)
                .flag("created", written->entry != 0));
  return {};
}

}  // namespace

Exit run_mkdir(Tool& tool) {
  Exit exit = Exit::done;
  for (const std::string& place : tool.args().operands()) {
    if (const Status made = make_one(tool, place); !made.ok()) exit = tool.fail(made.error());
  }
  return exit;
}

}  // namespace spind::tool
