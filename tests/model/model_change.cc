// The half of the model that changes things.
#include <algorithm>

#include "model/model_rules.h"
#include "model/model_space.h"
#include "support/store/content.h"

namespace spind::test {

std::vector<NodeId> ModelSpace::way_to(NodeId folder) const {
  std::vector<NodeId> way;
  for (; folder != 0; folder = nodes_.at(folder).parent) way.insert(way.begin(), folder);
  return way;
}

ChangeEvent& ModelSpace::tell(ChangeKind kind, NodeId node, EntryNumber entry) {
  events_.push_back(
      {.entry = entry, .time_ns = now_ns_, .kind = kind, .who = creator_, .node = node});
  return events_.back();
}

ChangeEvent& ModelSpace::tell_with_place(ChangeKind kind, NodeId node, EntryNumber entry) {
  ChangeEvent& event = tell(kind, node, entry);
  event.parent = nodes_.at(node).parent;
  event.name = nodes_.at(node).name;
  event.way = way_to(event.parent);
  return event;
}

void ModelSpace::tell_of_version(ChangeKind kind, NodeId file, VersionNumber version,
                                 EntryNumber entry) {
  ChangeEvent& event = tell_with_place(kind, file, entry);
  event.name.clear();
  event.node_kind = NodeKind::file;
  event.version = version;
}

void ModelSpace::update(EntryNumber entry, std::int64_t time_ns) {
  now_ns_ = std::max(last_time_ns_, time_ns);
  happened(entry, true);
  tell(ChangeKind::space_updated, kRootNode, entry).node_kind = NodeKind::folder;
}

Expected ModelSpace::change(const Request& request, EntryNumber entry, std::int64_t time_ns) {
  const std::string& request_id = request.options.request_id;
  if (const auto seen = answered_.find(request_id); seen != answered_.end()) {
    Expected expected;
    expected.answer.written = seen->second;
    expected.answer.written.repeated = true;
    return expected;
  }
  now_ns_ = std::max(last_time_ns_, time_ns);
  Expected expected;
  switch (request.verb) {
    case Verb::put:
    case Verb::write: expected = put(request, entry, time_ns); break;
    case Verb::make_folder: expected = make_folder(request, entry, time_ns); break;
    case Verb::move: expected = move(request, entry); break;
    case Verb::copy: expected = copy(*this, request, entry, time_ns); break;
    case Verb::remove: expected = remove(request, entry); break;
    case Verb::restore_version: expected = restore_version(request, entry); break;
    case Verb::remove_version: expected = remove_version(request, entry); break;
    case Verb::restore: expected = restore(request, entry, time_ns); break;
    case Verb::purge: expected = purge(request, entry); break;
    case Verb::set_properties: expected = set_properties(request, entry); break;
    case Verb::mark_version: expected = mark_version(request, entry); break;
    default: expected = set_mtime(request, entry); break;
  }
  if (!expected.ok()) return expected;
  const bool visible = expected.answer.written.entry != 0;
  if (!visible && request_id.empty()) return expected;
  if (visible) entry = expected.answer.written.entry;
  // Where there was nothing to do, an entry that nobody needs to see remembers the request.
  happened(entry, visible);
  if (!request_id.empty()) {
    answered_[request_id] = expected.answer.written;
    answered_entries_[request_id] = entry;
  }
  return expected;
}

std::set<Code> ModelSpace::obstacles(const Place& place, bool make_parents, NodeId self) const {
  std::set<Code> problems = place.problems;
  if (place.node == 0) {
    problems.insert(Code::not_found);
    return problems;
  }
  if (place.rest.empty()) return problems;
  if (nodes_.at(place.node).kind == NodeKind::file) {
    problems.insert(Code::not_a_folder);
    return problems;
  }
  if (place.rest.size() > 1 && !make_parents) problems.insert(Code::not_found);
  for (auto at = places_.lower_bound({place.node, ""});
       at != places_.end() && at->first.first == place.node; ++at)
    if (at->second != self && names_collide(rule_, at->first.second, place.rest.front()))
      problems.insert(Code::already_exists);
  return problems;
}

bool ModelSpace::holds(const Preconditions& conditions, NodeId node) const {
  const std::string etag = node == 0 ? "" : info(node).etag();
  if (conditions.if_match) {
    if (node == 0) return false;
    if (*conditions.if_match != "*" && *conditions.if_match != etag) return false;
  }
  if (conditions.if_none_match && node != 0) {
    if (*conditions.if_none_match == "*" || *conditions.if_none_match == etag) return false;
  }
  if (conditions.if_unmodified_since_ns)
    return node != 0 && nodes_.at(node).mtime_ns <= *conditions.if_unmodified_since_ns;
  return true;
}

void ModelSpace::touch(NodeId node, EntryNumber entry) {
  for (; node != kRootNode; node = nodes_.at(node).parent) nodes_.at(node).changed = entry;
  nodes_.at(kRootNode).changed = entry;
}

NodeId ModelSpace::make(const Place& place, NodeKind kind, EntryNumber entry,
                        std::int64_t time_ns) {
  NodeId parent = place.node;
  for (std::size_t i = 0; i < place.rest.size(); ++i) {
    const bool last = i + 1 == place.rest.size();
    const NodeId id = next_id_++;
    nodes_[id] = {.id = id,
                  .parent = parent,
                  .kind = last ? kind : NodeKind::folder,
                  .name = place.rest[i],
                  .mtime_ns = time_ns,
                  .creator = creator_,
                  .versions = {}};
    places_[{parent, place.rest[i]}] = id;
    ChangeEvent& event = tell_with_place(ChangeKind::created, id, entry);
    event.node_kind = nodes_[id].kind;
    event.version = nodes_[id].kind == NodeKind::file ? 1 : 0;
    parent = id;
  }
  touch(parent, entry);
  return parent;
}

Expected ModelSpace::put(const Request& request, EntryNumber entry, std::int64_t time_ns) {
  const Place place = find(request.ref);
  const PutOptions& options = request.options;
  Expected expected{.problems = obstacles(place, options.make_parents, 0)};
  NodeId id = place.found() ? place.node : 0;
  if (id != 0 && nodes_.at(id).kind == NodeKind::folder)
    expected.problems.insert(Code::is_a_folder);
  if (!holds(options.conditions, id)) expected.problems.insert(Code::precondition_failed);
  const Sha256 sha256 = sha256_of(content(request.content_seed, request.size_bytes));
  if (options.size_bytes && *options.size_bytes != request.size_bytes)
    expected.problems.insert(Code::invalid_argument);
  if (options.sha256 && *options.sha256 != sha256)
    expected.problems.insert(Code::precondition_failed);
  if (!expected.ok()) return expected;

  const bool is_new = id == 0;
  if (is_new) id = make(place, NodeKind::file, entry, time_ns);
  Node& node = nodes_.at(id);
  if (!is_new) tell_of_version(ChangeKind::updated, id, node.versions.size() + 1, entry);
  node.mtime_ns = options.mtime_ns.value_or(time_ns);
  node.versions.push_back({request.content_seed, request.size_bytes, sha256, creator_,
                           node.mtime_ns, written_now_ns()});
  touch(id, entry);
  expected.answer.written = {.node = id,
                             .version = node.versions.size(),
                             .size_bytes = request.size_bytes,
                             .sha256 = sha256,
                             .entry = entry};
  return expected;
}

Expected ModelSpace::make_folder(const Request& request, EntryNumber entry, std::int64_t time_ns) {
  const Place place = find(request.ref);
  Expected expected{.problems = obstacles(place, request.options.make_parents, 0)};
  if (place.found()) {
    const bool folder = nodes_.at(place.node).kind == NodeKind::folder;
    if (!folder || !request.exist_ok) expected.problems.insert(Code::already_exists);
    expected.answer.written.node = place.node;
    return expected;
  }
  if (!expected.ok()) return expected;
  const NodeId id = make(place, NodeKind::folder, entry, time_ns);
  nodes_.at(id).mtime_ns = request.options.mtime_ns.value_or(time_ns);
  expected.answer.written = {.node = id, .entry = entry};
  return expected;
}

Expected ModelSpace::move(const Request& request, EntryNumber entry) {
  const Place from = find(request.ref);
  const Place to = find(request.to);
  Expected expected{.problems = from.problems};
  if (!from.found()) expected.problems.merge(obstacles(from, false, 0));
  if (!from.found()) expected.problems.insert(Code::not_found);
  const NodeId id = from.found() ? from.node : 0;
  if (id == kRootNode) expected.problems.insert(Code::conflict);
  if (id != 0 && !holds(request.options.conditions, id))
    expected.problems.insert(Code::precondition_failed);
  expected.problems.merge(obstacles(to, false, id));
  const bool same = id != 0 && to.found() && to.node == id;
  if (id != 0 && to.node != 0 && !same && below(to.node, id))
    expected.problems.insert(Code::conflict);
  if (to.found() && !same) {
    if (!request.replace) expected.problems.insert(Code::already_exists);
    if (to.node == kRootNode || (id != 0 && below(id, to.node)))
      expected.problems.insert(Code::conflict);
  }
  if (!expected.ok()) return expected;

  expected.answer.written.node = id;
  if (same) return expected;
  Node& node = nodes_.at(id);
  touch(node.parent, entry);
  const NodeId folder = to.found() ? nodes_.at(to.node).parent : to.node;
  const std::string name = to.found() ? nodes_.at(to.node).name : to.rest.back();
  if (to.found()) detach(to.node, entry);
  const Node before = node;
  places_.erase({node.parent, node.name});
  places_[{folder, name}] = id;
  node.parent = folder;
  node.name = name;
  ChangeEvent& event = tell_with_place(ChangeKind::moved, id, entry);
  event.from_parent = before.parent;
  event.from_name = before.name;
  event.from_way = way_to(before.parent);
  touch(id, entry);
  expected.answer.written.entry = entry;
  return expected;
}

Expected ModelSpace::remove(const Request& request, EntryNumber entry) {
  const Place place = find(request.ref);
  Expected expected{.problems = place.problems};
  if (!place.found()) {
    expected.problems.merge(obstacles(place, false, 0));
    expected.problems.insert(Code::not_found);
    return expected;
  }
  Node& node = nodes_.at(place.node);
  if (node.id == kRootNode) expected.problems.insert(Code::conflict);
  if (!holds(request.options.conditions, node.id))
    expected.problems.insert(Code::precondition_failed);
  if (request.only_if_empty && !listing(node.id, std::nullopt).empty())
    expected.problems.insert(Code::folder_not_empty);
  if (!expected.ok()) return expected;
  touch(node.parent, entry);
  detach(node.id, entry);
  expected.answer.written = {.node = node.id, .entry = entry};
  return expected;
}

Expected ModelSpace::set_mtime(const Request& request, EntryNumber entry) {
  const Place place = find(request.ref);
  Expected expected{.problems = place.problems};
  if (!place.found()) {
    expected.problems.merge(obstacles(place, false, 0));
    expected.problems.insert(Code::not_found);
    return expected;
  }
  Node& node = nodes_.at(place.node);
  if (!holds(request.options.conditions, node.id))
    expected.problems.insert(Code::precondition_failed);
  if (!expected.ok()) return expected;
  expected.answer.written.node = node.id;
  if (node.mtime_ns == request.mtime_ns) return expected;
  node.mtime_ns = request.mtime_ns;
  if (node.kind == NodeKind::file) node.versions.back().mtime_ns = request.mtime_ns;
  touch(node.id, entry);
  ChangeEvent& event = tell_with_place(ChangeKind::touched, node.id, entry);
  event.name.clear();
  if (node.id == kRootNode) event.node_kind = NodeKind::folder;
  expected.answer.written.entry = entry;
  return expected;
}

Expected ModelSpace::set_properties(const Request& request, EntryNumber entry) {
  const Place place = find(request.ref);
  Expected expected{.problems = place.problems};
  for (const auto& [key, value] : request.properties)
    if (key == "a\nb" || (key.starts_with("tag:") && !value.value_or("").empty()))
      expected.problems.insert(Code::invalid_argument);
  if (!place.found()) {
    expected.problems.merge(obstacles(place, false, 0));
    expected.problems.insert(Code::not_found);
    return expected;
  }
  Node& node = nodes_.at(place.node);
  if (!holds(request.options.conditions, node.id))
    expected.problems.insert(Code::precondition_failed);
  if (!expected.ok()) return expected;
  expected.answer.written.node = node.id;
  const std::map<std::string, std::string> before = node.properties;
  for (const auto& [key, value] : request.properties) {
    node.properties.erase(key);
    if (value) node.properties[key] = *value;
  }
  if (node.properties == before) return expected;
  touch(node.id, entry);
  ChangeEvent& event = tell_with_place(ChangeKind::properties_changed, node.id, entry);
  event.name.clear();
  if (node.id == kRootNode) event.node_kind = NodeKind::folder;
  expected.answer.written.entry = entry;
  return expected;
}

Expected ModelSpace::about_version(const Request& request) const {
  const Place place = find(request.ref);
  Expected expected{.problems = place.problems};
  if (!place.found()) {
    expected.problems.merge(obstacles(place, false, 0));
    expected.problems.insert(Code::not_found);
    return expected;
  }
  const Node& node = nodes_.at(place.node);
  if (!holds(request.options.conditions, node.id))
    expected.problems.insert(Code::precondition_failed);
  const VersionNumber number = request.version.value_or(1);
  if (node.kind == NodeKind::folder)
    expected.problems.insert(Code::is_a_folder);
  else if (number < 1 || number > node.versions.size() || node.versions[number - 1].removed)
    expected.problems.insert(Code::not_found);
  expected.answer.written.node = node.id;
  return expected;
}

Expected ModelSpace::restore_version(const Request& request, EntryNumber entry) {
  Expected expected = about_version(request);
  if (!expected.ok()) return expected;
  Node& node = nodes_.at(expected.answer.written.node);
  const VersionNumber number = request.version.value_or(1);
  if (number == node.versions.size()) return expected;
  Version version = node.versions[number - 1];
  version.author = creator_;
  version.written_ns = written_now_ns();
  version.pinned = false;
  version.label.clear();
  node.mtime_ns = version.mtime_ns;
  expected.answer.written = {.node = node.id,
                             .version = node.versions.size() + 1,
                             .size_bytes = version.size_bytes,
                             .sha256 = version.sha256,
                             .entry = entry};
  node.versions.push_back(std::move(version));
  tell_of_version(ChangeKind::updated, node.id, node.versions.size(), entry);
  touch(node.id, entry);
  return expected;
}

Expected ModelSpace::remove_version(const Request& request, EntryNumber entry) {
  Expected expected = about_version(request);
  if (!expected.ok()) return expected;
  Node& node = nodes_.at(expected.answer.written.node);
  const VersionNumber number = request.version.value_or(1);
  Version& version = node.versions[number - 1];
  if (number == node.versions.size())
    expected.problems.insert(Code::conflict);
  else if (version.pinned)
    expected.problems.insert(Code::precondition_failed);
  if (!expected.ok()) return expected;
  version.removed = true;
  tell_of_version(ChangeKind::versions_changed, node.id, number, entry);
  touch(node.id, entry);
  expected.answer.written = {.node = node.id, .version = number, .entry = entry};
  return expected;
}

Expected ModelSpace::mark_version(const Request& request, EntryNumber entry) {
  Expected expected = about_version(request);
  if (!expected.ok()) return expected;
  Node& node = nodes_.at(expected.answer.written.node);
  const VersionNumber number = request.version.value_or(1);
  Version& version = node.versions[number - 1];
  const bool pinned = request.mark.pinned.value_or(version.pinned);
  const std::string label = request.mark.label.value_or(version.label);
  if (pinned == version.pinned && label == version.label) return expected;
  version.pinned = pinned;
  version.label = label;
  tell_of_version(ChangeKind::versions_changed, node.id, number, entry);
  touch(node.id, entry);
  expected.answer.written = {.node = node.id, .version = number, .entry = entry};
  return expected;
}

}  // namespace spind::test
