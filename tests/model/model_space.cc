#include "model/model_space.h"

#include "model/model_rules.h"
#include "support/store/content.h"

namespace spind::test {
namespace {

Expected refused(Code problem) { return {.problems = {problem}}; }

}  // namespace

ModelSpace::ModelSpace(const SpaceInfo& made, std::int64_t created_ns)
    : rule_(made.names), history_(made.history), creator_(made.creator) {
  nodes_[kRootNode] = {.id = kRootNode,
                       .name = {},
                       .mtime_ns = created_ns,
                       .creator = creator_,
                       .changed = 1,
                       .versions = {}};
  now_ns_ = created_ns;
  tell(ChangeKind::space_created, kRootNode, 1).node_kind = NodeKind::folder;
  happened(1, true);
}

void ModelSpace::happened(EntryNumber entry, bool visible) {
  last_entry_ = entry;
  last_time_ns_ = now_ns_;
  if (visible) last_visible_ = entry;
  if (entry == 1 || entry % kRememberedEvery == 0) pasts_[entry] = {nodes_, places_, last_visible_};
}

std::vector<EntryNumber> ModelSpace::remembered() const {
  std::vector<EntryNumber> entries;
  for (const auto& [entry, past] : pasts_) entries.push_back(entry);
  return entries;
}

ModelSpace ModelSpace::at(EntryNumber entry) const {
  const Past& past = pasts_.at(entry);
  ModelSpace then = *this;
  then.nodes_ = past.nodes;
  then.places_ = past.places;
  then.last_entry_ = entry;
  then.last_visible_ = past.visible;
  return then;
}

void ModelSpace::rewind(EntryNumber to, EntryNumber entry, std::int64_t time_ns) {
  const Past past = pasts_.at(to);
  nodes_ = past.nodes;
  places_ = past.places;
  now_ns_ = std::max(last_time_ns_, time_ns);
  rewinds_[entry] = to;
  happened(entry, true);
  tell(ChangeKind::rewound, kRootNode, entry).node_kind = NodeKind::folder;
}

NodeId ModelSpace::child(NodeId folder, const std::string& name) const {
  const auto found = places_.find({folder, name});
  return found == places_.end() ? 0 : found->second;
}

bool ModelSpace::alive(NodeId node) const {
  for (; node != kRootNode; node = nodes_.at(node).parent)
    if (!nodes_.contains(node) || nodes_.at(node).removed) return false;
  return true;
}

bool ModelSpace::below(NodeId node, NodeId folder) const {
  for (; node != folder; node = nodes_.at(node).parent)
    if (node == kRootNode) return false;
  return true;
}

std::string ModelSpace::path(NodeId node) const {
  if (node == kRootNode) return "/";
  std::string text;
  for (; node != kRootNode; node = nodes_.at(node).parent)
    text.insert(0, "/" + nodes_.at(node).name);
  return text;
}

ModelSpace::Place ModelSpace::find(const Ref& ref) const {
  Place place;
  std::vector<std::string> parts = path_parts(ref.path(), place.problems);
  if (!nodes_.contains(ref.start()) || !alive(ref.start())) return place;
  std::set<Code> problems = std::move(place.problems);
  place = descend(ref.start(), parts);
  place.problems = std::move(problems);
  return place;
}

ModelSpace::Place ModelSpace::descend(NodeId start, const std::vector<std::string>& names) const {
  Place place;
  place.node = start;
  std::size_t at = 0;
  for (; at < names.size(); ++at) {
    const NodeId next = child(place.node, names[at]);
    if (next == 0) break;
    place.node = next;
  }
  place.rest.assign(names.begin() + static_cast<std::ptrdiff_t>(at), names.end());
  return place;
}

FolderTotals ModelSpace::totals(NodeId folder) const {
  FolderTotals sum;
  std::vector<NodeId> todo = {folder};
  while (!todo.empty()) {
    const NodeId parent = todo.back();
    todo.pop_back();
    for (auto at = places_.lower_bound({parent, ""});
         at != places_.end() && at->first.first == parent; ++at) {
      const Node& node = nodes_.at(at->second);
      if (node.kind == NodeKind::folder) {
        ++sum.folders;
        todo.push_back(node.id);
        continue;
      }
      const NodeInfo file = info(node.id);
      ++sum.files;
      sum.live_bytes += file.size_bytes;
      sum.version_bytes += file.totals.version_bytes;
    }
  }
  return sum;
}

std::uint64_t ModelSpace::trash_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [id, node] : nodes_) {
    if (!node.removed || node.purged) continue;
    const FolderTotals inside = totals(id);
    sum += inside.live_bytes + inside.version_bytes;
    for (const Version& version : node.versions)
      if (!version.removed) sum += version.size_bytes;
  }
  return sum;
}

NodeInfo ModelSpace::info(NodeId id) const {
  const Node& node = nodes_.at(id);
  NodeInfo info;
  info.id = id;
  info.parent = node.parent;
  info.kind = node.kind;
  info.name = node.name;
  info.mtime_ns = node.mtime_ns;
  info.creator = node.creator;
  info.changed = node.changed;
  info.history = history_;
  if (node.kind == NodeKind::folder) {
    info.totals = totals(id);
    info.size_bytes = info.totals.live_bytes;
  } else {
    const Version& version = node.versions.back();
    info.size_bytes = version.size_bytes;
    info.version = node.versions.size();
    info.sha256 = version.sha256;
    info.author = version.author;
    for (const Version& earlier : node.versions)
      if (!earlier.removed) info.totals.version_bytes += earlier.size_bytes;
    info.totals.version_bytes -= version.size_bytes;
  }
  return info;
}

std::vector<NodeId> ModelSpace::tagged(const std::string& tag) const {
  std::vector<NodeId> found;
  for (const auto& [id, node] : nodes_)
    if (alive(id) && node.properties.contains("tag:" + tag)) found.push_back(id);
  return found;
}

std::vector<VersionInfo> ModelSpace::versions(const Node& file) const {
  std::vector<VersionInfo> all;
  for (VersionNumber number = file.versions.size(); number > 0; --number) {
    const Version& version = file.versions[number - 1];
    if (version.removed) continue;
    all.push_back({.number = number,
                   .size_bytes = version.size_bytes,
                   .mtime_ns = version.mtime_ns,
                   .author = version.author,
                   .sha256 = version.sha256,
                   .current = number == file.versions.size(),
                   .pinned = version.pinned,
                   .label = version.label});
  }
  return all;
}

std::vector<Walk::Item> ModelSpace::listing(NodeId folder, std::optional<NodeKind> kind) const {
  std::vector<Walk::Item> items;
  for (auto at = places_.lower_bound({folder, ""});
       at != places_.end() && at->first.first == folder; ++at)
    if (!kind || nodes_.at(at->second).kind == *kind)
      items.push_back({.node = info(at->second), .path = {}});
  return items;
}

std::vector<Walk::Item> ModelSpace::walking(NodeId start) const {
  std::vector<Walk::Item> items;
  std::vector<Walk::Item> todo = {{.node = info(start), .path = {}}};
  while (!todo.empty()) {
    const Walk::Item item = todo.back();
    todo.pop_back();
    items.push_back(item);
    std::vector<Walk::Item> children = listing(item.node.id, std::nullopt);
    for (auto next = children.rbegin(); next != children.rend(); ++next)
      todo.push_back({.node = next->node,
                      .path = item.path + (item.path.empty() ? "" : "/") + next->node.name,
                      .depth = item.depth + 1});
  }
  return items;
}

Expected ModelSpace::ask(const Request& request) const {
  const Place place = find(request.ref);
  Expected expected{.problems = place.problems};
  if (!place.found()) {
    const bool in_file = place.node != 0 && nodes_.at(place.node).kind == NodeKind::file;
    expected.problems.insert(in_file ? Code::not_a_folder : Code::not_found);
    return expected;
  }
  const Node& node = nodes_.at(place.node);
  switch (request.verb) {
    case Verb::stat: expected.answer.node = info(node.id); break;
    case Verb::properties:
      for (const auto& [key, value] : node.properties)
        expected.answer.properties.push_back({key, value});
      break;
    case Verb::path: expected.answer.bytes = path(node.id); break;
    case Verb::walk: expected.answer.items = walking(node.id); break;
    case Verb::list:
      if (node.kind == NodeKind::file) return refused(Code::not_a_folder);
      expected.answer.items = listing(node.id, request.kind);
      break;
    case Verb::versions:
      if (node.kind == NodeKind::folder) return refused(Code::is_a_folder);
      expected.answer.versions = versions(node);
      break;
    default: {
      if (node.kind == NodeKind::folder) return refused(Code::is_a_folder);
      const VersionNumber number = request.version.value_or(node.versions.size());
      if (number < 1 || number > node.versions.size()) return refused(Code::not_found);
      const Version& version = node.versions[number - 1];
      if (version.removed) return refused(Code::not_found);
      expected.answer.bytes = content(version.content_seed, version.size_bytes);
    }
  }
  return expected;
}

}  // namespace spind::test
