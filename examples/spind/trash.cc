// trash: what was removed; restore an item, purge one, empty all.

#include <algorithm>

#include "commands.h"
#include "progress.h"
#include "text.h"

namespace spind::tool {
namespace {

void show_item(Tool& tool, const TrashItem& item) {
  if (tool.json()) {
    tool.emit(JsonObject()
                  .number("id", item.node.id)
                  .text("path", item.path)
                  .text("kind", item.node.kind == NodeKind::file ? "file" : "folder")
                  .number("size", item.node.size_bytes)
                  .number("version_bytes", item.node.totals.version_bytes)
                  .number("removed_ns", item.removed_ns)
                  .text("removed_by", item.removed_by));
    return;
  }
  std::string name = printable(item.path.empty() ? item.node.name : item.path);
  if (item.node.kind == NodeKind::folder) name += '/';
  tool.say(pad_left(std::to_string(item.node.id), 8) + "  " +
           pad_left(human_bytes(item.node.size_bytes), 10) + "  " + human_time(item.removed_ns) +
           "  " + printable(item.removed_by) + "  " + name);
}

Exit list_trash(Tool& tool, const Space& space) {
  TrashOptions options;
  do {
    const Result<PageOf<TrashItem>> page = space.trash(options);
    if (!page.ok()) return tool.fail(page.error());
    for (const TrashItem& item : page->items) show_item(tool, item);
    options.after = page->next;
  } while (!options.after.empty() && !tool.out().failed() && !tool.stopped());
  return Exit::done;
}

// "42", or "42/sub/essay.odt" for what lies below.
Result<Ref> parse_item(const std::string& text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const Result<std::uint64_t> id = parse_number(text.substr(0, slash));
  if (!id.ok()) return id.error();
  return slash == text.size() ? Ref::node(*id) : Ref::below(*id, text.substr(slash + 1));
}

Result<OnConflict> parse_on_conflict(const std::string& text) {
  if (text == "fail") return OnConflict::fail;
  if (text == "skip") return OnConflict::skip;
  if (text == "replace") return OnConflict::replace;
  if (text == "keep-both") return OnConflict::keep_both;
  return Error{.code = Code::invalid_argument,
               .text = "--on-conflict is fail, skip, replace or keep-both"};
}

Exit restore_item(Tool& tool, const Space& space, const Ref& item) {
  const Args& args = tool.args();
  RestoreOptions options{.make_parents = args.has("parents")};
  if (const auto to = args.value("to")) options.to = Ref(*to);
  const Result<OnConflict> on_conflict = parse_on_conflict(args.value_or("on-conflict", "fail"));
  if (!on_conflict.ok()) return tool.usage(on_conflict.error().text);
  options.on_conflict = *on_conflict;
  const Result<Written> written = space.restore(item, options);
  if (!written.ok()) return tool.fail(written.error());
  JsonObject out;
  out.number("id", written->node);
  if (written->entry == 0) {
    tool.emit(out.null("path").flag("restored", false));
    tool.say("its name is taken; it stays in the trash");
    return Exit::done;
  }
  const Result<std::string> path = shown_path(space, written->node);
  if (!path.ok()) return tool.fail(path.error());
  tool.emit(out.text("path", *path).flag("restored", true));
  return Exit::done;
}

Exit purge_item(Tool& tool, const Space& space, const Ref& item) {
  const Result<Written> written = space.purge(item);
  if (!written.ok()) return tool.fail(written.error());
  tool.emit(JsonObject().number("id", written->node));
  return Exit::done;
}

Exit empty_all(Tool& tool, const Space& space) {
  const Result<std::optional<std::uint64_t>> age_s = tool.args().number("older-than");
  if (!age_s.ok()) return tool.usage(age_s.error().text);
  EmptyTrashOptions options;
  if (*age_s) {
    constexpr std::uint64_t kForEver_s = std::uint64_t{1} << 40;
    options.older_than = std::chrono::seconds(std::min(**age_s, kForEver_s));
  }
  options.cancel = tool.cancel();
  ProgressLine line("purging");
  options.progress = line.callback();
  const Result<TrashEmptied> emptied = space.empty_trash(options);
  line.clear();
  if (!emptied.ok()) return tool.fail(emptied.error());
  tool.emit(JsonObject().number("items", emptied->items).number("bytes", emptied->bytes));
  tool.say(std::to_string(emptied->items) + " items, " + human_bytes(emptied->bytes));
  return Exit::done;
}

}  // namespace

Exit run_trash(Tool& tool) {
  const std::size_t words = tool.args().operands().size();
  const std::string what = words > 1 ? tool.operand(1) : "list";
  const bool of_one = what == "restore" || what == "purge";
  if (!of_one && what != "list" && what != "empty")
    return tool.usage("trash does not know '" + what + "'");
  if (words > 1 && words != (of_one ? 3u : 2u))
    return tool.usage(of_one ? what + " wants an item" : what + " takes no more words");
  Ref item = Ref::node(0);
  if (of_one) {
    const Result<Ref> parsed = parse_item(tool.operand(2));
    if (!parsed.ok()) return tool.usage("not an item: " + tool.operand(2));
    item = *parsed;
  }
  const Result<Space> space = tool.space(tool.operand(0));
  if (!space.ok()) return tool.fail(space.error());
  if (what == "restore") return restore_item(tool, *space, item);
  if (what == "purge") return purge_item(tool, *space, item);
  return what == "empty" ? empty_all(tool, *space) : list_trash(tool, *space);
}

}  // namespace spind::tool
