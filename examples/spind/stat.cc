#include "commands.h"
#include "text.h"

namespace spind::tool {
namespace {

void say_node(Tool& tool, const SpaceId& space, const NodeInfo& node, const std::string& path) {
  const bool is_file = node.kind == NodeKind::file;
  tool.say("path      " + printable(path));
  tool.say("id        " + resource_id(space, node.id));
  tool.say(std::string("kind      ") + (is_file ? "file" : "folder"));
  tool.say("size      " + std::to_string(node.size_bytes) + " (" + human_bytes(node.size_bytes) +
           ")");
  tool.say("mtime     " + human_time(node.mtime_ns));
  tool.say("etag      " + node.etag());
  tool.say("creator   " + printable(node.creator));
  if (is_file) {
    tool.say("author    " + printable(node.author));
    tool.say("version   " + std::to_string(node.version));
    tool.say("sha256    " + to_hex(node.sha256));
    return;
  }
  tool.say("below     " + std::to_string(node.totals.files) + " files, " +
           std::to_string(node.totals.folders) + " folders, " +
           human_bytes(node.totals.version_bytes) + " of earlier versions");
}

Status stat_one(Tool& tool, const std::string& place) {
  const Result<Target> target = tool.target(place);
  if (!target.ok()) return target.error();
  const Result<NodeInfo> node = target->space.stat(target->ref);
  if (!node.ok()) return node.error();
  const Result<std::string> path = shown_path(target->space, node->id);
  if (!path.ok()) return path.error();
  tool.emit(node_json(*node, *path));
  if (!tool.json()) say_node(tool, target->space.id(), *node, *path);
  return {};
}

}  // namespace

Exit run_stat(Tool& tool) {
  Exit exit = Exit::done;
  for (const std::string& place : tool.args().operands()) {
    if (const Status shown = stat_one(tool, place); !shown.ok()) exit = tool.fail(shown.error());
  }
  return exit;
}

}  // namespace spind::tool
