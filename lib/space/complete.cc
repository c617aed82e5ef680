// What an entry replaces, read from the state before it is applied.
#include <algorithm>
#include <unordered_map>

#include "base/limits.h"
#include "base/try.h"
#include "space/apply.h"
#include "space/resolve.h"
#include "space/upload_changes.h"

namespace spind::space {
namespace {

using model::Change;
using model::Entry;

// Collects the folders on the way to what changes, each once, parents first.
class WayBuilder {
 public:
  WayBuilder(State& state, Entry& entry) : state_(state), entry_(entry) {}

  Status add(NodeId folder) {
    // What the entry itself makes was not there before; its own parent was added with it.
    if (made_here(folder)) return {};
    std::vector<NodeId> climb;
    NodeId up = folder;
    for (; up != 0 && !indices_.contains(up);) {
      climb.push_back(up);
      if (climb.size() > kClimbMax) return too_deep();
      SPIND_TRY_ASSIGN(const State::Node* node, state_.node(up));
      up = node->parent;
    }
    std::uint32_t parent = up == 0 ? 0 : indices_.at(up);
    for (auto id = climb.rbegin(); id != climb.rend(); ++id) {
      SPIND_TRY_ASSIGN(const State::Node* node, state_.node(*id));
      const auto index = static_cast<std::uint32_t>(entry_.way.size());
      entry_.way.push_back({*id, parent, node->record.changed});
      indices_.emplace(*id, index);
      parent = index;
    }
    return {};
  }

 private:
  bool made_here(NodeId id) const {
    return std::any_of(entry_.changes.begin(), entry_.changes.end(), [id](const Change& change) {
      const auto* added = std::get_if<model::NodeAdded>(&change);
      return added != nullptr && added->node.id == id;
    });
  }

  State& state_;
  Entry& entry_;
  std::unordered_map<NodeId, std::uint32_t> indices_;  // of the folders in the way
};

// Adds the folders above a change to the way, and notes the node's own earlier values.
struct Completion {
  State& state;
  Entry& entry;
  WayBuilder& way;

  Status operator()(model::SpaceCreated& change) {
    change.root.changed = entry.number;
    return {};
  }
  Status operator()(model::SpaceUpdated& change) {
    SPIND_TRY_ASSIGN(const model::SpaceRecord* info, state.info());
    change.before = *info;
    return {};
  }
  Status operator()(model::NodeAdded& change) {
    // Below what is staged nobody sees it come: no folder changes by it.
    if (!entry.visible) return {};
    change.node.changed = entry.number;
    return way.add(change.parent);
  }
  Status operator()(model::VersionAdded& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    change.replaced_version = node->record.current.number;
    change.replaced_changed = node->record.changed;
    return way.add(node->parent);
  }
  Status operator()(model::NodeMoved& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    change.replaced_changed = node->record.changed;
    SPIND_TRY(way.add(change.from_parent));
    return way.add(change.to_parent);
  }
  Status operator()(model::NodeTrashed& change) { return way.add(change.parent); }
  Status operator()(model::MtimeSet& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    change.before_ns = node->record.mtime_ns;
    change.replaced_changed = node->record.changed;
    return way.add(node->parent);
  }
  Status operator()(model::Unchanged&) { return {}; }
  Status operator()(model::VersionRemoved& change) {
    SPIND_TRY_ASSIGN(const auto version, state.version(change.node, change.version.number));
    if (!version) return Error{.code = Code::corruption, .text = "a version that goes is missing"};
    change.version = *version;
    SPIND_TRY_ASSIGN(change.mark, state.mark(change.node, change.version.number));
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    change.replaced_changed = node->record.changed;
    // Where it was thinned out nobody sees it go: no folder changes by it.
    return entry.visible ? way.add(node->parent) : Status();
  }
  Status operator()(model::VersionMarked& change) {
    SPIND_TRY_ASSIGN(change.before, state.mark(change.node, change.number));
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    change.replaced_changed = node->record.changed;
    return way.add(node->parent);
  }
  Status operator()(model::NodeRestored& change) {
    if (change.below) {
      SPIND_TRY_ASSIGN(const State::Node* node, state.node(change.node));
      change.from_parent = node->parent;
      change.from_name = node->name;
      change.replaced_changed = node->record.changed;
      return way.add(change.to_parent);
    }
    SPIND_TRY_ASSIGN(const auto trash, state.trashed(change.item));
    if (!trash) return Error{.code = Code::corruption, .text = "an item of the trash is missing"};
    change.from_parent = trash->parent;
    change.from_name = trash->name;
    change.removed_by = trash->removed_by;
    change.removed_ns = trash->removed_ns;
    change.replaced_changed = trash->node.changed;
    return way.add(change.to_parent);
  }
  Status operator()(model::NodePurged&) { return {}; }
  Status operator()(model::PropertiesSet& change) {
    for (model::PropertyEdit& edit : change.edits) {
      SPIND_TRY_ASSIGN(edit.before, state.property(change.node, edit.key));
    }
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    change.replaced_changed = node->record.changed;
    return way.add(node->parent);
  }
  Status operator()(model::Rewound&) { return {}; }
  Status operator()(model::SubtreeStaged& change) {
    change.top.changed = entry.number;
    return {};
  }
  Status operator()(model::SubtreeAttached& change) { return way.add(change.parent); }
  Status operator()(model::StagingPurged&) { return {}; }
  Status operator()(model::UploadStarted&) { return {}; }
  Status operator()(model::UploadChanged& change) {
    SPIND_TRY_ASSIGN(model::UploadRecord upload, known_upload(state, change.upload));
    change.before = std::move(upload.progress);
    return {};
  }
  Status operator()(model::UploadEnded& change) {
    SPIND_TRY_ASSIGN(change.upload, known_upload(state, change.number));
    return {};
  }
};

}  // namespace

Status complete(State& state, Entry& entry) {
  WayBuilder way(state, entry);
  for (Change& change : entry.changes) SPIND_TRY(std::visit(Completion{state, entry, way}, change));
  auto head = state.head();
  if (!head.ok()) {
    if (head.code() == Code::not_found) return {};  // the space is created just now
    return std::move(head).error();
  }
  entry.replaced_visible = (*head)->visible;
  entry.replaced_time_ns = (*head)->time_ns;
  entry.replaced_next_node = (*head)->next_node;
  return {};
}

}  // namespace spind::space
