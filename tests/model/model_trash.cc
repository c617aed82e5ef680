// The trash, as the model has it.
#include <algorithm>

#include "model/model_rules.h"
#include "model/model_space.h"

namespace spind::test {

NodeId ModelSpace::item_of(NodeId node) const {
  for (; node != kRootNode && nodes_.contains(node); node = nodes_.at(node).parent)
    if (nodes_.at(node).removed) return nodes_.at(node).purged ? 0 : node;
  return 0;
}

std::vector<NodeId> ModelSpace::trash() const {
  std::vector<NodeId> items;
  for (const auto& [id, node] : nodes_)
    if (node.removed && !node.purged) items.push_back(id);
  std::sort(items.begin(), items.end(), [this](NodeId a, NodeId b) {
    return nodes_.at(a).removed_entry > nodes_.at(b).removed_entry;
  });
  return items;
}

void ModelSpace::empty_trash(EntryNumber entry, std::int64_t time_ns) {
  std::vector<NodeId> items = trash();
  if (items.empty()) return;
  now_ns_ = std::max(last_time_ns_, time_ns);
  std::reverse(items.begin(), items.end());
  for (const NodeId item : items) {
    nodes_.at(item).purged = true;
    nodes_.at(item).purged_entry = entry;
    tell(ChangeKind::purged, item, entry);
  }
  happened(entry, true);
}

void ModelSpace::detach(NodeId id, EntryNumber entry) {
  Node& node = nodes_.at(id);
  tell_with_place(ChangeKind::removed, id, entry);
  node.removed = true;
  node.removed_entry = entry;
  node.removed_ns = now_ns_;
  places_.erase({node.parent, node.name});
}

NodeId ModelSpace::find_trashed(const Ref& ref, std::set<Code>& problems) const {
  const std::vector<std::string> names = path_parts(ref.path(), problems);
  if (item_of(ref.start()) == 0) return 0;
  const Place place = descend(ref.start(), names);
  return place.found() ? place.node : 0;
}

// The folder it was in, or names of what has to be made again on the way there.
ModelSpace::Place ModelSpace::place_of_return(NodeId id) const {
  std::vector<std::string> names = {nodes_.at(id).name};
  NodeId folder = nodes_.at(id).parent;
  for (; !alive(folder); folder = nodes_.at(folder).parent)
    names.insert(names.begin(), nodes_.at(folder).name);
  return descend(folder, names);
}

NodeId ModelSpace::taken(const Place& place) const {
  if (place.found()) return place.node;
  if (place.node == 0 || place.rest.size() != 1) return 0;
  for (auto at = places_.lower_bound({place.node, ""});
       at != places_.end() && at->first.first == place.node; ++at)
    if (names_collide(rule_, at->first.second, place.rest.front())) return at->second;
  return 0;
}

std::string ModelSpace::free_name(NodeId folder, const std::string& name, NodeKind kind) const {
  std::size_t dot = kind == NodeKind::file ? name.rfind('.') : name.npos;
  if (dot == 0 || dot == name.npos) dot = name.size();
  for (int number = 2;; ++number) {
    const std::string tail = " (" + std::to_string(number) + ")" + name.substr(dot);
    std::string candidate = name.substr(0, std::min(dot, 255 - tail.size())) + tail;
    Place place;
    place.node = folder;
    place.rest = {candidate};
    if (child(folder, candidate) == 0 && taken(place) == 0) return candidate;
  }
}

Expected ModelSpace::restore(const Request& request, EntryNumber entry, std::int64_t time_ns) {
  Expected expected;
  const NodeId id = find_trashed(request.ref, expected.problems);
  const bool lost = id != 0 && !request.elsewhere && !place_known(nodes_.at(id).parent);
  if (id == 0 || lost) expected.problems.insert(Code::not_found);
  if (!expected.ok()) return expected;
  Place to = request.elsewhere ? find(request.to) : place_of_return(id);
  const NodeId there = taken(to);
  expected.problems = obstacles(to, request.options.make_parents, 0);
  if (there != 0) expected.problems.erase(Code::already_exists);
  if (there == kRootNode) expected.problems.insert(Code::conflict);
  if (there != 0 && request.on_conflict == OnConflict::fail)
    expected.problems.insert(Code::already_exists);
  if (!expected.ok()) return expected;
  expected.answer.written.node = id;
  if (there != 0 && request.on_conflict == OnConflict::skip) return expected;

  const auto [folder, name] =
      make_room(to, there, nodes_.at(id).kind, request.on_conflict, entry, time_ns);
  Node& node = nodes_.at(id);
  if (!node.removed) places_.erase({node.parent, node.name});
  node.removed = false;
  node.parent = folder;
  node.name = name;
  places_[{folder, name}] = id;
  tell_with_place(ChangeKind::restored, id, entry);
  touch(id, entry);
  expected.answer.written.entry = entry;
  return expected;
}

std::pair<NodeId, std::string> ModelSpace::make_room(Place to, NodeId there, NodeKind kind,
                                                     OnConflict on_conflict, EntryNumber entry,
                                                     std::int64_t time_ns) {
  NodeId folder = to.found() ? nodes_.at(there).parent : to.node;
  std::string name = to.found() ? nodes_.at(there).name : to.rest.back();
  if (there != 0 && on_conflict == OnConflict::replace) detach(there, entry);
  if (there != 0 && on_conflict == OnConflict::keep_both) name = free_name(folder, name, kind);
  if (to.rest.size() > 1) {
    to.rest.pop_back();
    folder = make(to, NodeKind::folder, entry, time_ns);
  }
  return {folder, name};
}

Expected ModelSpace::purge(const Request& request, EntryNumber entry) {
  Expected expected;
  const NodeId id = find_trashed(request.ref, expected.problems);
  if (id == 0)
    expected.problems.insert(Code::not_found);
  else if (!nodes_.at(id).removed)
    expected.problems.insert(Code::conflict);
  if (!expected.ok()) return expected;
  nodes_.at(id).purged = true;
  nodes_.at(id).purged_entry = entry;
  tell(ChangeKind::purged, id, entry);
  expected.answer.written = {.node = id, .entry = entry};
  return expected;
}

}  // namespace spind::test
