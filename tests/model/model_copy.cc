// Copying, as the model has it.
#include "model/model_rules.h"
#include "model/model_space.h"

namespace spind::test {

NodeId ModelSpace::copy_node(const Node& from, NodeId parent, const std::string& name,
                             EntryNumber changed) {
  Node copy{.id = next_id_++,
            .parent = parent,
            .kind = from.kind,
            .name = name,
            .mtime_ns = from.mtime_ns,
            .creator = creator_,
            .changed = changed,
            .versions = {}};
  if (from.kind == NodeKind::file) {
    const Version& version = from.versions.back();
    copy.versions.push_back({version.content_seed, version.size_bytes, version.sha256, creator_,
                             version.mtime_ns, written_now_ns()});
  }
  const NodeId id = copy.id;
  nodes_[id] = std::move(copy);
  return id;
}

bool ModelSpace::collide_here(const ModelSpace& source, NodeId top) const {
  if (rule_ == source.rule_) return false;
  const std::vector<Walk::Item> items = source.walking(top);
  for (const Walk::Item& one : items)
    for (const Walk::Item& other : items)
      if (one.node.id < other.node.id && one.node.id != top && other.node.id != top &&
          one.node.parent == other.node.parent &&
          names_collide(rule_, one.node.name, other.node.name))
        return true;
  return false;
}

Expected ModelSpace::copy_from(const ModelSpace& source, const Request& request, EntryNumber entry,
                               std::int64_t time_ns) {
  now_ns_ = std::max(last_time_ns_, time_ns);
  Expected expected = copy(source, request, entry, time_ns);
  if (expected.ok() && expected.answer.written.entry != 0)
    happened(expected.answer.written.entry, true);
  return expected;
}

Expected ModelSpace::copy(const ModelSpace& source, const Request& request, EntryNumber entry,
                          std::int64_t time_ns) {
  const bool same_space = this == &source;
  const Place from = source.find(request.ref);
  Place to = find(request.to);
  Expected expected{.problems = from.problems};
  const NodeId id = from.found() ? from.node : 0;
  if (id == 0) expected.problems.merge(source.obstacles(from, false, 0));
  if (id == 0) expected.problems.insert(Code::not_found);
  if (id != 0 && !source.holds(request.options.conditions, id))
    expected.problems.insert(Code::precondition_failed);
  const NodeId there = taken(to);
  std::set<Code> obstacles_to = obstacles(to, request.options.make_parents, 0);
  if (there != 0) obstacles_to.erase(Code::already_exists);
  expected.problems.merge(obstacles_to);
  if (there == kRootNode) expected.problems.insert(Code::conflict);
  if (there != 0 && request.on_conflict == OnConflict::fail)
    expected.problems.insert(Code::already_exists);
  if (same_space && there != 0 && id != 0 && request.on_conflict == OnConflict::replace &&
      below(id, there))
    expected.problems.insert(Code::conflict);
  if (!expected.ok()) return expected;
  expected.answer.written.node = there;
  if (there != 0 && request.on_conflict == OnConflict::skip) return expected;

  if (collide_here(source, id)) {
    expected.problems.insert(Code::already_exists);
    return expected;
  }

  const NodeKind kind = source.nodes_.at(id).kind;
  const bool is_folder = kind == NodeKind::folder;
  NodeId top = 0;
  if (is_folder) {
    // As it was before the copy: it may go below itself.
    const std::vector<Walk::Item> below_it = source.walking(id);
    std::map<NodeId, NodeId> copies;
    for (const Walk::Item& item : below_it) {
      const NodeId original = item.node.id;
      const NodeId parent = original == id ? 0 : copies.at(item.node.parent);
      copies[original] = copy_node(source.nodes_.at(original), parent, item.node.name, entry);
      if (original != id) places_[{parent, item.node.name}] = copies[original];
    }
    top = copies.at(id);
    ++entry;
  }
  const auto [folder, name] = make_room(to, there, kind, request.on_conflict, entry, time_ns);
  if (!is_folder) top = copy_node(source.nodes_.at(id), 0, name, entry);
  Node& node = nodes_.at(top);
  node.parent = folder;
  node.name = name;
  places_[{folder, name}] = top;
  ChangeEvent& event =
      tell_with_place(is_folder ? ChangeKind::copied : ChangeKind::created, top, entry);
  event.node_kind = node.kind;
  event.version = node.versions.size();
  touch(top, entry);
  expected.answer.written = {.node = top, .entry = entry};
  if (is_folder) return expected;
  expected.answer.written.version = 1;
  expected.answer.written.size_bytes = node.versions.back().size_bytes;
  expected.answer.written.sha256 = node.versions.back().sha256;
  return expected;
}

}  // namespace spind::test
