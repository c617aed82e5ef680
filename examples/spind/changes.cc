// changes: what happened in a space, and with --follow what happens from now on.

#include <algorithm>
#include <chrono>

#include "commands.h"
#include "text.h"

namespace spind::tool {
namespace {

// Long enough to cost nothing: an interrupt ends the waiting before.
constexpr std::chrono::minutes kPatience{10};

std::string ids_json(const std::vector<NodeId>& ids) {
  std::string json = "[";
  for (const NodeId id : ids) json += (json.size() > 1 ? "," : "") + std::to_string(id);
  return json + "]";
}

JsonObject event_json(const ChangeEvent& event) {
  JsonObject out;
  out.text("event", "change").number("number", event.entry).number("time_ns", event.time_ns);
  out.text("change", change_name(event.kind)).number("id", event.node);
  if (event.node_kind)
    out.text("kind", *event.node_kind == NodeKind::file ? "file" : "folder");
  else
    out.null("kind");
  out.number("parent", event.parent).text("name", event.name);
  out.number("from_parent", event.from_parent).text("from_name", event.from_name);
  out.number("version", event.version).text("who", event.who);
  out.text("application", event.application);
  return out.raw("way", ids_json(event.way)).raw("from_way", ids_json(event.from_way));
}

std::string place(NodeId parent, const std::string& name) {
  const std::string folder = parent == kRootNode ? "" : "!" + std::to_string(parent);
  return folder + "/" + printable(name);
}

std::string event_line(const ChangeEvent& event) {
  std::string line = pad_left(std::to_string(event.entry), 8) + "  " + human_time(event.time_ns) +
                     "  " + pad_right(change_name(event.kind), 13) + "  !" +
                     std::to_string(event.node);
  if (event.version != 0) line += " v" + std::to_string(event.version);
  if (!event.from_name.empty()) line += "  " + place(event.from_parent, event.from_name) + " to";
  if (!event.name.empty()) line += "  " + place(event.parent, event.name);
  return line + "  by " + printable(event.who);
}

void show(Tool& tool, const ChangePage& page) {
  for (const ChangeEvent& event : page.events) {
    tool.emit(event_json(event));
    if (!tool.json()) tool.say(event_line(event));
  }
  tool.emit(JsonObject()
                .text("event", "cursor")
                .number("number", page.number)
                .text("cursor", page.cursor));
}

// Where to begin: behind an entry, at a cursor, or at the beginning.
Result<std::string> first_cursor(const Space& space, const std::string& since) {
  const bool is_number = !since.empty() && std::all_of(since.begin(), since.end(),
                                                       [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return since;
  const Result<std::uint64_t> number = parse_number(since);
  if (!number.ok()) return number.error();
  return space.cursor_after(*number);
}

Exit follow(Tool& tool, const Space& space, std::string cursor) {
  const bool on = tool.args().has("follow");
  while (!tool.out().failed()) {
    const Result<ChangePage> page = space.changes(cursor);
    if (!page.ok()) return tool.stopped() && on ? Exit::done : tool.fail(page.error());
    if (!page->events.empty() || !page->more) show(tool, *page);
    cursor = page->cursor;
    if (page->more) continue;
    if (!on) break;
    tool.out().flush();
    Code waited = Code::deadline_exceeded;
    while (waited == Code::deadline_exceeded) waited = space.wait(page->number, kPatience).code();
  }
  return Exit::done;
}

}  // namespace

Exit run_changes(Tool& tool) {
  const std::string& name = tool.operand(0);
  const std::size_t colon = std::min(name.find(':'), name.size());
  if (const std::string rest = name.substr(colon); rest.size() > 1 && rest != ":/")
    return tool.usage("changes are those of a whole space: " + name.substr(0, colon) + ":");
  const Result<Space> space = tool.space(name);
  if (!space.ok()) return tool.fail(space.error());
  const Result<std::string> cursor = first_cursor(*space, tool.args().value_or("since", ""));
  if (!cursor.ok()) return tool.fail(cursor.error());
  return follow(tool, *space, *cursor);
}

}  // namespace spind::tool
