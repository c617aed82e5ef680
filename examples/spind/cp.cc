#include "commands.h"
#include "progress.h"

namespace spind::tool {
namespace {

// As cp does: a target that is a folder is what to copy into.
Result<Ref> final_place(const Target& to, const NodeInfo& from) {
  const Result<NodeInfo> there = to.space.stat(to.ref);
  if (there.code() == Code::not_found) return to.ref;
  if (!there.ok()) return there.error();
  if (there->kind == NodeKind::file) return to.ref;
  if (from.name.empty())
    return Error{.code = Code::invalid_argument,
                 .text = "a whole space is copied to a new name",
                 .path = to.ref.to_string()};
  return Ref::below(there->id, from.name);
}

}  // namespace

Exit run_cp(Tool& tool) {
  const Result<Target> from = tool.target(tool.operand(0));
  if (!from.ok()) return tool.fail(from.error());
  const Result<Target> to = tool.target(tool.operand(1));
  if (!to.ok()) return tool.fail(to.error());
  const Result<NodeInfo> original = from->space.stat(from->ref);
  if (!original.ok()) return tool.fail(original.error());
  if (original->kind == NodeKind::folder && !tool.args().has("recursive"))
    return tool.fail({.code = Code::is_a_folder,
                      .text = "a folder is copied with --recursive",
                      .path = tool.operand(0)});
  const Result<Ref> place = final_place(*to, *original);
  if (!place.ok()) return tool.fail(place.error());
  ProgressLine line("copying");
  CopyOptions options;
  if (tool.args().has("replace")) options.on_conflict = OnConflict::replace;
  options.progress = line.callback();
  const Result<Written> written = to->space.copy_from(from->space, from->ref, *place, options);
  line.clear();
  if (!written.ok()) return tool.fail(written.error());
  const Result<std::string> path = shown_path(to->space, written->node);
  if (!path.ok()) return tool.fail(path.error());
  tool.emit(JsonObject().number("id", written->node).text("path", *path));
  return Exit::done;
}

}  // namespace spind::tool
