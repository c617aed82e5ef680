// tag add, tag rm, tag list: tags of a node, and nodes with a tag.

#include "commands.h"
#include "text.h"

namespace spind::tool {
namespace {

Exit list_tags(Tool& tool, const Target& target) {
  const Result<std::vector<Property>> tags = target.space.properties(target.ref, kTagPrefix);
  if (!tags.ok()) return tool.fail(tags.error());
  for (const Property& one : *tags) {
    const std::string_view tag = std::string_view(one.key).substr(kTagPrefix.size());
    tool.emit(JsonObject().text("tag", tag));
    tool.say(printable(tag));
  }
  return Exit::done;
}

Exit list_tagged(Tool& tool, const Space& space, const std::string& tag) {
  TaggedOptions options;
  do {
    const Result<Page> page = space.tagged(tag, options);
    if (!page.ok()) return tool.fail(page.error());
    for (const NodeInfo& node : page->items) {
      const Result<std::string> path = shown_path(space, node.id);
      if (path.code() == Code::not_found) continue;  // removed meanwhile
      if (!path.ok()) return tool.fail(path.error());
      tool.emit(node_json(node, *path));
      tool.say(printable(*path) + (node.kind == NodeKind::folder ? "/" : ""));
    }
    options.after = page->next;
  } while (!options.after.empty() && !tool.out().failed() && !tool.stopped());
  return Exit::done;
}

}  // namespace

Exit run_tag_add(Tool& tool) {
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  const Result<Written> written = target->space.add_tags(target->ref, tool.operands_from(1));
  if (!written.ok()) return tool.fail(written.error());
  return show_changed(tool, target->space, *written);
}

Exit run_tag_rm(Tool& tool) {
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  const Result<Written> written = target->space.remove_tags(target->ref, tool.operands_from(1));
  if (!written.ok()) return tool.fail(written.error());
  return show_changed(tool, target->space, *written);
}

Exit run_tag_list(Tool& tool) {
  const Result<Target> target = tool.target(tool.operand(0));
  if (!target.ok()) return tool.fail(target.error());
  if (tool.args().operands().size() == 1) return list_tags(tool, *target);
  const bool whole =
      target->ref.start() == kRootNode && (target->ref.path().empty() || target->ref.path() == "/");
  if (!whole) return tool.usage("nodes with a tag are those of a whole space");
  return list_tagged(tool, target->space, tool.operand(1));
}

}  // namespace spind::tool
