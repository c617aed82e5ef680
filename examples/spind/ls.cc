#include "commands.h"
#include "text.h"

namespace spind::tool {
namespace {

void show_node(Tool& tool, const NodeInfo& node, const std::string& path,
               const std::string& shown_name) {
  if (tool.json()) return tool.emit(node_json(node, path));
  std::string name = printable(shown_name);
  if (node.kind == NodeKind::folder) name += '/';
  if (!tool.args().has("long")) return tool.say(name);
  const std::string version = node.version == 0 ? "-" : std::to_string(node.version);
  tool.say(pad_left(human_bytes(node.size_bytes), 10) + "  " + human_time(node.mtime_ns) + "  v" +
           pad_right(version, 3) + "  " + name);
}

Exit list_folder(Tool& tool, const Space& space, const NodeInfo& folder, const std::string& path) {
  ListOptions options;
  do {
    const Result<Page> page = space.list(Ref::node(folder.id), options);
    if (!page.ok()) return tool.fail(page.error());
    for (const NodeInfo& node : page->items) {
      show_node(tool, node, join_path(path, node.name), node.name);
    }
    options.after = page->next;
  } while (!options.after.empty() && !tool.out().failed() && !tool.stopped());
  return Exit::done;
}

Exit list_all(Tool& tool, const Space& space, const NodeInfo& folder, const std::string& path) {
  Result<Walk> walk = space.walk(Ref::node(folder.id));
  if (!walk.ok()) return tool.fail(walk.error());
  while (!tool.out().failed()) {
    const Result<std::optional<Walk::Item>> item = walk->next();
    if (!item.ok()) return tool.fail(item.error());
    if (!item->has_value()) break;
    const Walk::Item& found = **item;
    if (found.depth == 0) continue;
    show_node(tool, found.node, join_path(path, found.path), found.path);
  }
  return Exit::done;
}

}  // namespace

Exit run_ls(Tool& tool) {
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  const Result<NodeInfo> node = target->space.stat(target->ref);
  if (!node.ok()) return tool.fail(node.error());
  const Result<std::string> path = shown_path(target->space, node->id);
  if (!path.ok()) return tool.fail(path.error());
  if (node->kind == NodeKind::file) {
    show_node(tool, *node, *path, node->name);
    return Exit::done;
  }
  return tool.args().has("recursive") ? list_all(tool, target->space, *node, *path)
                                      : list_folder(tool, target->space, *node, *path);
}

}  // namespace spind::tool
