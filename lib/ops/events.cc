// One function for each change: a new change does not compile without its event.
#include "ops/events.h"

#include <algorithm>

namespace spind {

std::string_view change_name(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::space_created: return "space_created";
    case ChangeKind::space_updated: return "space_updated";
    case ChangeKind::created: return "created";
    case ChangeKind::updated: return "updated";
    case ChangeKind::moved: return "moved";
    case ChangeKind::removed: return "removed";
    case ChangeKind::touched: return "touched";
    case ChangeKind::versions_changed: return "versions_changed";
    case ChangeKind::restored: return "restored";
    case ChangeKind::purged: return "purged";
    case ChangeKind::rewound: return "rewound";
    case ChangeKind::copied: return "copied";
    case ChangeKind::properties_changed: return "properties_changed";
  }
  return "unknown";
}

}  // namespace spind

namespace spind::ops {
namespace {

class EventMaker {
 public:
  EventMaker(const model::Entry& entry, std::vector<ChangeEvent>& events)
      : entry_(entry), events_(events) {}

  void make_all() {
    for (; at_ < entry_.changes.size(); ++at_) std::visit(*this, entry_.changes[at_]);
  }

  void operator()(const model::SpaceCreated&) { of_space(ChangeKind::space_created); }
  void operator()(const model::SpaceUpdated&) { of_space(ChangeKind::space_updated); }
  void operator()(const model::NodeAdded& change) {
    ChangeEvent& event = add(ChangeKind::created, change.node.id);
    event.node_kind = change.node.kind;
    event.version = change.node.current.number;
    place(event, change.parent, change.name);
  }
  void operator()(const model::VersionAdded& change) {
    ChangeEvent& event = add(ChangeKind::updated, change.node);
    event.node_kind = NodeKind::file;
    event.version = change.version.number;
    place_where_it_is(event);
  }
  void operator()(const model::NodeMoved& change) {
    ChangeEvent& event = add(ChangeKind::moved, change.node);
    event.from_parent = change.from_parent;
    event.from_name = change.from_name;
    event.from_way = way_to(change.from_parent);
    place(event, change.to_parent, change.to_name);
  }
  void operator()(const model::NodeTrashed& change) {
    place(add(ChangeKind::removed, change.node), change.parent, change.name);
  }
  void operator()(const model::MtimeSet& change) { of_node(ChangeKind::touched, change.node); }
  // It stands in entries that nobody sees.
  void operator()(const model::Unchanged&) {}
  void operator()(const model::VersionRemoved& change) {
    of_version(change.node, change.version.number);
  }
  void operator()(const model::VersionMarked& change) { of_version(change.node, change.number); }
  void operator()(const model::NodeRestored& change) {
    place(add(ChangeKind::restored, change.node), change.to_parent, change.to_name);
  }
  void operator()(const model::NodePurged& change) { add(ChangeKind::purged, change.node); }
  void operator()(const model::Rewound&) { of_space(ChangeKind::rewound); }
  // These two stand in entries that nobody sees.
  void operator()(const model::SubtreeStaged&) {}
  void operator()(const model::StagingPurged&) {}
  void operator()(const model::SubtreeAttached& change) {
    ChangeEvent& event = add(ChangeKind::copied, change.node);
    event.node_kind = NodeKind::folder;
    place(event, change.parent, change.name);
  }
  void operator()(const model::PropertiesSet& change) {
    of_node(ChangeKind::properties_changed, change.node);
  }
  // Nobody sees an upload; what it came to is a change beside its end.
  void operator()(const model::UploadStarted&) {}
  void operator()(const model::UploadChanged&) {}
  void operator()(const model::UploadEnded&) {}

 private:
  ChangeEvent& add(ChangeKind kind, NodeId node) {
    ChangeEvent& event = events_.emplace_back();
    event.entry = entry_.number;
    event.time_ns = entry_.time_ns;
    event.kind = kind;
    event.who = entry_.principal;
    event.application = entry_.application;
    event.node = node;
    return event;
  }
  void of_node(ChangeKind kind, NodeId node) {
    ChangeEvent& event = add(kind, node);
    if (node == kRootNode)
      event.node_kind = NodeKind::folder;
    else
      place_where_it_is(event);
  }
  void of_version(NodeId node, VersionNumber number) {
    ChangeEvent& event = add(ChangeKind::versions_changed, node);
    event.node_kind = NodeKind::file;
    event.version = number;
    place_where_it_is(event);
  }
  void of_space(ChangeKind kind) { add(kind, kRootNode).node_kind = NodeKind::folder; }

  void place(ChangeEvent& event, NodeId parent, const std::string& name) {
    event.parent = parent;
    event.name = name;
    event.way = way_to(parent);
  }

  // Such a change does not say where its node is; as the only one of its entry it is what the way
  // leads to.
  void place_where_it_is(ChangeEvent& event) {
    if (told_changes() != 1 || entry_.way.empty()) return;
    event.parent = entry_.way.back().id;
    event.way = way_to(event.parent);
  }

  std::ptrdiff_t told_changes() const {
    return std::count_if(entry_.changes.begin(), entry_.changes.end(), [](const auto& change) {
      return !std::holds_alternative<model::UploadEnded>(change);
    });
  }

  // The folders from the root to `folder`, which lies on the entry's way or was made by an earlier
  // change of the entry.
  std::vector<NodeId> way_to(NodeId folder) const {
    std::vector<NodeId> climb;
    climb.reserve(entry_.way.size() + at_);
    for (std::size_t i = at_; i-- > 0;) {
      const auto* made = std::get_if<model::NodeAdded>(&entry_.changes[i]);
      if (made == nullptr || made->node.id != folder) continue;
      climb.push_back(folder);
      folder = made->parent;
    }
    const auto& way = entry_.way;
    std::size_t i = way.size();
    while (i > 0 && way[i - 1].id != folder) --i;
    if (i == 0) return {};
    for (--i; i != 0; i = way[i].parent_index) climb.push_back(way[i].id);
    climb.push_back(way[0].id);
    std::reverse(climb.begin(), climb.end());
    return climb;
  }

  const model::Entry& entry_;
  std::vector<ChangeEvent>& events_;
  std::size_t at_ = 0;
};

}  // namespace

void append_events(const model::Entry& entry, std::vector<ChangeEvent>& events) {
  EventMaker(entry, events).make_all();
}

}  // namespace spind::ops
