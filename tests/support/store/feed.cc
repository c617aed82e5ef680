#include "support/store/feed.h"

#include "base/try.h"

namespace spind::test {
namespace {

std::string ids_text(const std::vector<NodeId>& ids) {
  std::string text;
  for (const NodeId id : ids) text += (text.empty() ? "" : " ") + std::to_string(id);
  return "[" + text + "]";
}

std::string place_text(NodeId parent, const std::string& name, const std::vector<NodeId>& way) {
  return ids_text(way) + " " + std::to_string(parent) + "/" + name;
}

}  // namespace

std::string event_text(const ChangeEvent& event) {
  std::string text = std::to_string(event.entry) + " " + std::string(change_name(event.kind));
  if (event.node_kind) text += *event.node_kind == NodeKind::file ? " file" : " folder";
  text += " " + std::to_string(event.node);
  if (event.version != 0) text += " v" + std::to_string(event.version);
  if (event.parent != 0) text += " at " + place_text(event.parent, event.name, event.way);
  if (event.from_parent != 0)
    text += " from " + place_text(event.from_parent, event.from_name, event.from_way);
  text += " by " + event.who;
  if (!event.application.empty()) text += " with " + event.application;
  return text + ", time " + std::to_string(event.time_ns);
}

Result<std::vector<ChangeEvent>> read_feed(const Space& space, std::string& cursor,
                                           std::size_t page) {
  std::vector<ChangeEvent> all;
  for (;;) {
    SPIND_TRY_ASSIGN(ChangePage next, space.changes(cursor, {.count_max = page}));
    for (ChangeEvent& event : next.events) all.push_back(std::move(event));
    cursor = next.cursor;
    if (!next.more) return all;
  }
}

}  // namespace spind::test
