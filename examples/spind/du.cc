#include <vector>

#include "commands.h"
#include "text.h"

namespace spind::tool {
namespace {

struct Pending {
  NodeInfo folder;
  std::string path;
  std::uint64_t depth = 0;
};

void show(Tool& tool, const NodeInfo& node, const std::string& path) {
  const bool is_file = node.kind == NodeKind::file;
  const std::uint64_t files = is_file ? 1 : node.totals.files;
  tool.emit(JsonObject()
                .text("path", path)
                .number("bytes", node.size_bytes)
                .number("version_bytes", node.totals.version_bytes)
                .number("files", files)
                .number("folders", node.totals.folders));
  tool.say(pad_left(human_bytes(node.size_bytes), 10) + "  " + pad_left(std::to_string(files), 9) +
           " files  " + printable(path));
}

// The folder's subfolders, last one first, so that a stack gives them in order.
Result<std::vector<Pending>> subfolders(const Space& space, const Pending& parent) {
  std::vector<Pending> out;
  ListOptions options;
  options.kind = NodeKind::folder;
  do {
    Result<Page> page = space.list(Ref::node(parent.folder.id), options);
    if (!page.ok()) return std::move(page).error();
    for (NodeInfo& node : page->items) {
      std::string path = join_path(parent.path, node.name);
      out.push_back({std::move(node), std::move(path), parent.depth + 1});
    }
    options.after = page->next;
  } while (!options.after.empty());
  return std::vector<Pending>(std::make_move_iterator(out.rbegin()),
                              std::make_move_iterator(out.rend()));
}

}  // namespace

Exit run_du(Tool& tool) {
  const Result<std::optional<std::uint64_t>> depth = tool.args().number("depth");
  if (!depth.ok()) return tool.usage(depth.error().text);
  const std::uint64_t depth_max = depth->value_or(1);
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  const Result<NodeInfo> top = target->space.stat(target->ref);
  if (!top.ok()) return tool.fail(top.error());
  const Result<std::string> path = shown_path(target->space, top->id);
  if (!path.ok()) return tool.fail(path.error());
  std::vector<Pending> stack{{*top, *path, 0}};
  while (!stack.empty() && !tool.out().failed()) {
    const Pending next = std::move(stack.back());
    stack.pop_back();
    show(tool, next.folder, next.path);
    if (next.folder.kind == NodeKind::file || next.depth >= depth_max) continue;
    Result<std::vector<Pending>> below = subfolders(target->space, next);
    if (!below.ok()) return tool.fail(below.error());
    for (Pending& folder : *below) stack.push_back(std::move(folder));
  }
  return Exit::done;
}

}  // namespace spind::tool
