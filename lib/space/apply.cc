#include "space/apply.h"

#include <algorithm>

#include "base/limits.h"
#include "base/try.h"
#include "space/resolve.h"
#include "space/travel.h"
#include "space/upload_changes.h"

namespace spind::space {
namespace {

using model::Change;
using model::Entry;

void add(FolderTotals& totals, const FolderTotals& weight, int sign) {
  const auto add_one = [sign](std::uint64_t& total, std::uint64_t value) {
    total = sign > 0 ? total + value : total - value;
  };
  add_one(totals.live_bytes, weight.live_bytes);
  add_one(totals.version_bytes, weight.version_bytes);
  add_one(totals.files, weight.files);
  add_one(totals.folders, weight.folders);
}

std::uint64_t bytes_of(const FolderTotals& weight) {
  return weight.live_bytes + weight.version_bytes;
}

// Adds `weight` to every folder from `folder` up to the root, or to the top of what is staged, or
// takes it away.
Status add_to_ancestors(State& state, NodeId folder, const FolderTotals& weight, int sign) {
  for (NodeId up = folder; up != 0;) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(up));
    add(node->record.totals, weight, sign);
    up = node->parent;
  }
  return {};
}

// Adds `weight` to every folder from `folder` up to the one that was removed, and to the trash as a
// whole, or takes it away.
Status add_to_trash(State& state, NodeId folder, const FolderTotals& weight, int sign) {
  NodeId up = folder;
  for (std::size_t climbed = 0;; ++climbed) {
    if (climbed > kClimbMax) return too_deep();
    SPIND_TRY_ASSIGN(const model::Locator locator, state.locate(up));
    if (locator.trash.entry != 0) {
      SPIND_TRY_ASSIGN(model::TrashRecord top, state.take_trash(locator.trash));
      add(top.node.totals, weight, sign);
      state.put_trash(locator.trash, top);
      break;
    }
    SPIND_TRY_ASSIGN(State::Node * node, state.node(up));
    add(node->record.totals, weight, sign);
    up = node->parent;
  }
  SPIND_TRY_ASSIGN(model::Head * head, state.head());
  head->trash_bytes += sign > 0 ? bytes_of(weight) : -bytes_of(weight);
  return {};
}

// Applies and undoes one change. `at` is the entry's number and the change's index in it.
struct Forward {
  State& state;
  const Entry& entry;
  model::AttachmentId at;

  Status operator()(const model::SpaceCreated& change) {
    state.create(change.space, change.root);
    SPIND_TRY_ASSIGN(model::Head * head, state.head());
    head->epoch = entry.epoch;
    return {};
  }
  Status operator()(const model::SpaceUpdated& change) {
    state.set_info(change.after);
    return {};
  }
  Status operator()(const model::NodeAdded& change) {
    SPIND_TRY(state.add_references(change.node.current.content, +1));
    SPIND_TRY(state.attach(change.parent, change.name, change.node));
    SPIND_TRY_ASSIGN(model::Head * head, state.head());
    head->next_node = std::max(head->next_node, change.node.id + 1);
    return add_to_ancestors(state, change.parent, change.node.weight(), +1);
  }
  Status operator()(const model::VersionAdded& change) {
    SPIND_TRY(state.add_references(change.version.content, +1));
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    model::NodeRecord& record = node->record;
    SPIND_TRY(add_to_ancestors(state, node->parent, record.weight(), -1));
    state.put_version(change.node, record.current);
    record.version_bytes += record.current.size_bytes;
    record.current = change.version;
    record.mtime_ns = change.version.mtime_ns;
    record.changed = entry.number;
    return add_to_ancestors(state, node->parent, record.weight(), +1);
  }
  Status operator()(const model::NodeMoved& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.changed = entry.number;
    const FolderTotals weight = node->record.weight();
    SPIND_TRY(add_to_ancestors(state, change.from_parent, weight, -1));
    SPIND_TRY(state.move(change.node, change.to_parent, change.to_name));
    return add_to_ancestors(state, change.to_parent, weight, +1);
  }
  Status operator()(const model::NodeTrashed& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    const model::TrashRecord trash{change.parent, change.name, node->record, entry.principal,
                                   entry.time_ns};
    SPIND_TRY(state.detach(change.node));
    state.put_trash(at, trash);
    SPIND_TRY_ASSIGN(model::Head * head, state.head());
    head->trash_bytes += bytes_of(trash.node.weight());
    return add_to_ancestors(state, change.parent, trash.node.weight(), -1);
  }
  Status operator()(const model::MtimeSet& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.mtime_ns = node->record.current.mtime_ns = change.after_ns;
    node->record.changed = entry.number;
    return {};
  }
  Status operator()(const model::Unchanged&) { return {}; }
  Status operator()(const model::VersionRemoved& change) {
    SPIND_TRY(state.take_version(change.node, change.version.number));
    state.set_mark(change.node, change.version.number, {});
    SPIND_TRY(state.drop(change.version.content, entry.number));
    SPIND_TRY(state.add_gaps(change.node, +1));
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    model::NodeRecord& file = node->record;
    file.version_bytes -= change.version.size_bytes;
    if (entry.visible) file.changed = entry.number;
    return add_to_ancestors(state, node->parent, {0, change.version.size_bytes, 0, 0}, -1);
  }
  Status operator()(const model::VersionMarked& change) {
    state.set_mark(change.node, change.number, change.after);
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.changed = entry.number;
    return {};
  }
  Status operator()(const model::NodeRestored& change) {
    if (change.below) return restore_below(change);
    SPIND_TRY_ASSIGN(model::TrashRecord trash, state.take_trash(change.item));
    const FolderTotals weight = trash.node.weight();
    SPIND_TRY_ASSIGN(model::Head * head, state.head());
    head->trash_bytes -= bytes_of(weight);
    trash.node.changed = entry.number;
    SPIND_TRY(state.attach(change.to_parent, change.to_name, std::move(trash.node)));
    return add_to_ancestors(state, change.to_parent, weight, +1);
  }
  Status restore_below(const model::NodeRestored& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.changed = entry.number;
    const FolderTotals weight = node->record.weight();
    SPIND_TRY(add_to_trash(state, change.from_parent, weight, -1));
    SPIND_TRY(state.move(change.node, change.to_parent, change.to_name));
    return add_to_ancestors(state, change.to_parent, weight, +1);
  }
  Status operator()(const model::NodePurged& change) {
    SPIND_TRY_ASSIGN(const model::TrashRecord trash, state.take_trash(change.item));
    state.put_purged(at, trash);
    SPIND_TRY_ASSIGN(model::Head * head, state.head());
    head->trash_bytes -= bytes_of(trash.node.weight());
    return {};
  }
  Status operator()(const model::PropertiesSet& change) {
    for (const model::PropertyEdit& edit : change.edits)
      state.set_property(change.node, edit.key, edit.after);
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.changed = entry.number;
    return {};
  }
  Status operator()(const model::Rewound& change) {
    state.keep_pieces_for(entry.number);
    SPIND_TRY(travel(state, entry.number - 1, change.to));
    state.keep_pieces_for(0);
    state.put_rewind(entry.number, change.to);
    return {};
  }
  Status operator()(const model::SubtreeStaged& change) {
    state.put_staged(at, change.top);
    SPIND_TRY_ASSIGN(model::Head * head, state.head());
    head->next_node = std::max(head->next_node, change.top.id + 1);
    return {};
  }
  Status operator()(const model::SubtreeAttached& change) {
    SPIND_TRY_ASSIGN(model::NodeRecord top, state.take_staged(change.staged, change.node));
    top.changed = entry.number;
    const FolderTotals weight = top.weight();
    SPIND_TRY(state.attach(change.parent, change.name, std::move(top)));
    return add_to_ancestors(state, change.parent, weight, +1);
  }
  Status operator()(const model::StagingPurged& change) {
    SPIND_TRY_ASSIGN(model::NodeRecord top, state.take_staged(change.staged, change.node));
    state.put_purged(at, {0, "", std::move(top), entry.principal, entry.time_ns});
    return {};
  }
  Status operator()(const model::UploadStarted& change) {
    state.put_upload(entry.number, change.upload);
    return {};
  }
  Status operator()(const model::UploadChanged& change) {
    return change_upload(state, change, entry.number);
  }
  Status operator()(const model::UploadEnded& change) {
    return end_upload(state, change, entry.number);
  }
};

struct Backward {
  State& state;
  const Entry& entry;
  model::AttachmentId at;

  Status operator()(const model::SpaceCreated&) {
    SPIND_TRY(state.node(kRootNode));
    state.uncreate();
    return {};
  }
  Status operator()(const model::SpaceUpdated& change) {
    state.set_info(change.before);
    return {};
  }
  Status operator()(const model::NodeAdded& change) {
    SPIND_TRY(add_to_ancestors(state, change.parent, change.node.weight(), -1));
    SPIND_TRY(state.detach(change.node.id));
    return state.add_references(change.node.current.content, -1);
  }
  Status operator()(const model::VersionAdded& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    model::NodeRecord& record = node->record;
    SPIND_TRY(add_to_ancestors(state, node->parent, record.weight(), -1));
    SPIND_TRY_ASSIGN(record.current, state.take_version(change.node, change.replaced_version));
    record.version_bytes -= record.current.size_bytes;
    record.mtime_ns = record.current.mtime_ns;
    record.changed = change.replaced_changed;
    SPIND_TRY(add_to_ancestors(state, node->parent, record.weight(), +1));
    return state.add_references(change.version.content, -1);
  }
  Status operator()(const model::NodeMoved& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.changed = change.replaced_changed;
    const FolderTotals weight = node->record.weight();
    SPIND_TRY(add_to_ancestors(state, change.to_parent, weight, -1));
    SPIND_TRY(state.move(change.node, change.from_parent, change.from_name));
    return add_to_ancestors(state, change.from_parent, weight, +1);
  }
  Status operator()(const model::NodeTrashed& change) {
    SPIND_TRY_ASSIGN(model::TrashRecord trash, state.take_trash(at));
    const FolderTotals weight = trash.node.weight();
    SPIND_TRY_ASSIGN(model::Head * head, state.head());
    head->trash_bytes -= bytes_of(weight);
    SPIND_TRY(state.attach(change.parent, change.name, std::move(trash.node)));
    return add_to_ancestors(state, change.parent, weight, +1);
  }
  Status operator()(const model::MtimeSet& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.mtime_ns = node->record.current.mtime_ns = change.before_ns;
    node->record.changed = change.replaced_changed;
    return {};
  }
  Status operator()(const model::Unchanged&) { return {}; }
  Status operator()(const model::VersionRemoved& change) {
    state.put_version(change.node, change.version);
    state.set_mark(change.node, change.version.number, change.mark);
    SPIND_TRY(state.regain(change.version.content, at.entry));
    SPIND_TRY(state.add_gaps(change.node, -1));
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.version_bytes += change.version.size_bytes;
    node->record.changed = change.replaced_changed;
    return add_to_ancestors(state, node->parent, {0, change.version.size_bytes, 0, 0}, +1);
  }
  Status operator()(const model::VersionMarked& change) {
    state.set_mark(change.node, change.number, change.before);
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.changed = change.replaced_changed;
    return {};
  }
  Status operator()(const model::NodeRestored& change) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.changed = change.replaced_changed;
    const FolderTotals weight = node->record.weight();
    SPIND_TRY(add_to_ancestors(state, change.to_parent, weight, -1));
    if (change.below) {
      SPIND_TRY(state.move(change.node, change.from_parent, change.from_name));
      return add_to_trash(state, change.from_parent, weight, +1);
    }
    const model::TrashRecord trash{change.from_parent, change.from_name, node->record,
                                   change.removed_by, change.removed_ns};
    SPIND_TRY(state.detach(change.node));
    state.put_trash(change.item, trash);
    SPIND_TRY_ASSIGN(model::Head * head, state.head());
    head->trash_bytes += bytes_of(weight);
    return {};
  }
  Status operator()(const model::NodePurged& change) {
    SPIND_TRY_ASSIGN(const model::TrashRecord trash, state.take_purged(at));
    state.put_trash(change.item, trash);
    SPIND_TRY_ASSIGN(model::Head * head, state.head());
    head->trash_bytes += bytes_of(trash.node.weight());
    return {};
  }
  Status operator()(const model::PropertiesSet& change) {
    for (const model::PropertyEdit& edit : change.edits)
      state.set_property(change.node, edit.key, edit.before);
    SPIND_TRY_ASSIGN(State::Node * node, state.node(change.node));
    node->record.changed = change.replaced_changed;
    return {};
  }
  Status operator()(const model::Rewound& change) {
    state.erase_rewind(entry.number);
    state.let_go_of_pieces_for(entry.number);
    SPIND_TRY(travel(state, change.to, entry.number - 1));
    state.let_go_of_pieces_for(0);
    return {};
  }
  Status operator()(const model::SubtreeStaged& change) {
    SPIND_TRY(state.take_staged(at, change.top.id));
    return {};
  }
  Status operator()(const model::SubtreeAttached& change) {
    SPIND_TRY_ASSIGN(const State::Node* node, state.node(change.node));
    model::NodeRecord top = node->record;
    top.changed = change.staged.entry;  // as all that is staged has it
    SPIND_TRY(add_to_ancestors(state, change.parent, top.weight(), -1));
    SPIND_TRY(state.detach(change.node));
    state.put_staged(change.staged, std::move(top));
    return {};
  }
  Status operator()(const model::StagingPurged& change) {
    SPIND_TRY_ASSIGN(model::TrashRecord purged, state.take_purged(at));
    state.put_staged(change.staged, std::move(purged.node));
    return {};
  }
  Status operator()(const model::UploadStarted&) {
    state.erase_upload(entry.number);
    return {};
  }
  Status operator()(const model::UploadChanged& change) {
    return unchange_upload(state, change, entry.number);
  }
  Status operator()(const model::UploadEnded& change) {
    return unend_upload(state, change, entry.number);
  }
};

// Whether a change is part of the tree's own story, as the edges between its states are.
bool concerns_tree(const Change& change) {
  return !std::holds_alternative<model::SpaceCreated>(change) &&
         !std::holds_alternative<model::SpaceUpdated>(change) &&
         !std::holds_alternative<model::Rewound>(change);
}

Status do_changes(State& state, const Entry& entry, bool only_tree) {
  for (std::uint32_t i = 0; i < entry.changes.size(); ++i)
    if (!only_tree || concerns_tree(entry.changes[i]))
      SPIND_TRY(std::visit(Forward{state, entry, {entry.number, i}}, entry.changes[i]));
  if (!entry.visible) return {};
  for (const model::WayFolder& folder : entry.way) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(folder.id));
    node->record.changed = entry.number;
  }
  return {};
}

Status undo_changes(State& state, const Entry& entry, bool only_tree) {
  for (std::uint32_t i = static_cast<std::uint32_t>(entry.changes.size()); i-- > 0;)
    if (!only_tree || concerns_tree(entry.changes[i]))
      SPIND_TRY(std::visit(Backward{state, entry, {entry.number, i}}, entry.changes[i]));
  if (entry.number == 1) return {};  // the space is gone
  for (const model::WayFolder& folder : entry.way) {
    SPIND_TRY_ASSIGN(State::Node * node, state.node(folder.id));
    node->record.changed = folder.replaced_changed;
  }
  return {};
}

}  // namespace

Status apply(State& state, const Entry& entry, const model::Digest& chain) {
  SPIND_TRY(do_changes(state, entry, false));
  if (!entry.request_id.empty()) state.put_request(entry.principal, entry.request_id, entry.number);
  SPIND_TRY_ASSIGN(model::Head * head, state.head());
  head->entry = entry.number;
  if (entry.visible) head->visible = entry.number;
  head->time_ns = entry.time_ns;
  head->next_node = std::max(head->next_node, kRootNode + 1);
  head->chain = chain;
  return {};
}

Status unapply(State& state, const Entry& entry) {
  if (!entry.request_id.empty()) state.erase_request(entry.principal, entry.request_id);
  SPIND_TRY(undo_changes(state, entry, false));
  if (entry.number == 1) return {};  // the space is gone
  SPIND_TRY_ASSIGN(model::Head * head, state.head());
  head->entry = entry.number - 1;
  head->visible = entry.replaced_visible;
  head->time_ns = entry.replaced_time_ns;
  head->next_node = entry.replaced_next_node;
  head->chain = entry.previous;
  return {};
}

Status apply_to_tree(State& state, const Entry& entry) { return do_changes(state, entry, true); }

Status unapply_to_tree(State& state, const Entry& entry) {
  return undo_changes(state, entry, true);
}

}  // namespace spind::space
