// versions: what there is of a file; restore, pin, unpin, label and remove one; thin a space's.

#include "commands.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {
namespace {

void show_version(Tool& tool, const VersionInfo& version) {
  if (tool.json()) {
    tool.emit(JsonObject()
                  .number("number", version.number)
                  .number("size", version.size_bytes)
                  .number("mtime_ns", version.mtime_ns)
                  .number("written_ns", version.written_ns)
                  .text("author", version.author)
                  .text("sha256", to_hex(version.sha256))
                  .flag("current", version.current)
                  .flag("pinned", version.pinned)
                  .text("label", version.label));
    return;
  }
  std::string line = pad_left("v" + std::to_string(version.number), 6) + "  " +
                     pad_left(human_bytes(version.size_bytes), 10) + "  " +
                     human_time(version.written_ns) + "  " + printable(version.author);
  if (version.current) line += "  current";
  if (version.pinned) line += "  pinned";
  if (!version.label.empty()) line += "  " + printable(version.label);
  tool.say(line);
}

Exit list_versions(Tool& tool, const Target& file) {
  VersionsOptions options;
  do {
    const Result<PageOf<VersionInfo>> page = file.space.versions(file.ref, options);
    if (!page.ok()) return tool.fail(page.error());
    for (const VersionInfo& version : page->items) show_version(tool, version);
    options.after = page->next;
  } while (!options.after.empty() && !tool.out().failed() && !tool.stopped());
  return Exit::done;
}

// What the words behind the file ask for.
Result<Written> change_versions(const Tool& tool, const Target& file, const std::string& what,
                                VersionNumber number) {
  if (what == "restore") return file.space.restore_version(file.ref, number);
  if (what == "remove") return file.space.remove_version(file.ref, number);
  if (what == "label") return file.space.mark_version(file.ref, number, {.label = tool.operand(3)});
  return file.space.mark_version(file.ref, number, {.pinned = what == "pin"});
}

Exit thin(Tool& tool, const Target& target) {
  ThinOptions options;
  options.cancel = tool.cancel();
  ProgressLine line("removing");
  options.progress = line.callback();
  const Result<VersionsThinned> thinned = target.space.thin_versions(options);
  line.clear();
  if (!thinned.ok()) return tool.fail(thinned.error());
  tool.emit(JsonObject().number("versions", thinned->versions).number("bytes", thinned->bytes));
  tool.say("removed " + std::to_string(thinned->versions) + " versions, " +
           human_bytes(thinned->bytes));
  return Exit::done;
}

bool known(const std::string& what) {
  for (const std::string_view word : {"list", "restore", "pin", "unpin", "label", "remove", "thin"})
    if (what == word) return true;
  return false;
}

}  // namespace

Exit run_versions(Tool& tool) {
  const std::size_t words = tool.args().operands().size();
  const std::string what = words > 1 ? tool.operand(1) : "list";
  if (!known(what)) return tool.usage("versions does not know '" + what + "'");
  const bool alone = what == "list" || what == "thin";
  if (words > 1 && words != (alone ? 2u : what == "label" ? 4u : 3u))
    return tool.usage(alone ? what + " takes no more words" : what + " wants a version");
  VersionNumber number = 0;
  if (words > 2) {
    const Result<std::uint64_t> parsed = parse_number(tool.operand(2));
    if (!parsed.ok()) return tool.usage("not a version: " + tool.operand(2));
    number = *parsed;
  }
  const Result<Target> file = tool.target(tool.operand(0));
  if (!file.ok()) return tool.fail(file.error());
  if (what == "list") return list_versions(tool, *file);
  if (what == "thin") return thin(tool, *file);
  const Result<Written> written = change_versions(tool, *file, what, number);
  if (!written.ok()) return tool.fail(written.error());
  const Result<NodeInfo> node = file->space.stat(Ref::node(written->node));
  if (!node.ok()) return tool.fail(node.error());
  const Result<std::string> path = shown_path(file->space, node->id);
  if (!path.ok()) return tool.fail(path.error());
  tool.emit(JsonObject()
                .number("id", node->id)
                .text("path", *path)
                .number("version", node->version)
                .flag("changed", written->entry != 0));
  return Exit::done;
}

}  // namespace spind::tool
