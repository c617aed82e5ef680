#include "upkeep/check_tree.h"

#include <fmt/format.h>

#include "base/codec.h"
#include "base/try.h"
#include "base/utf8.h"
#include "model/keys.h"
#include "upkeep/row_scan.h"

namespace spind::upkeep {

using model::SpaceRow;

namespace {

void add(FolderTotals& sum, const FolderTotals& weight) {
  sum.live_bytes += weight.live_bytes;
  sum.version_bytes += weight.version_bytes;
  sum.files += weight.files;
  sum.folders += weight.folders;
}

NodeId parent_in_node_key(std::string_view key) {
  const std::string_view name = model::name_in_node_key(key);
  return model::last_u64_in(key.substr(0, key.size() - name.size()));
}

}  // namespace

TreeCheck::TreeCheck(space::Reading& reading, const model::Head& head, Findings& findings,
                     Steps& steps)
    : reading_(reading), head_(head), findings_(findings), steps_(steps) {}

Status TreeCheck::run() {
  SPIND_TRY(check_nodes());
  SPIND_TRY(check_trash());
  SPIND_TRY(check_locators());
  SPIND_TRY(check_versions());
  return check_folded_names();
}

Status TreeCheck::check_nodes() {
  std::optional<Group> group;
  SPIND_TRY(scan_rows(reading_, SpaceRow::node,
                      [&](std::string_view key, std::string_view value) -> Status {
                        SPIND_TRY(steps_.step());
                        ++nodes_;
                        const NodeId parent = parent_in_node_key(key);
                        if (group && group->parent != parent) SPIND_TRY(close_group(*group));
                        if (!group || group->parent != parent) group = Group{parent, {}};
                        auto node = model::decode_node(value);
                        if (!node.ok())
                          return findings_.absorb("node_record", 0, std::move(node).error());
                        add(group->sum, node->weight());
                        return check_node(parent, model::name_in_node_key(key), *node);
                      }));
  if (group) SPIND_TRY(close_group(*group));
  if (nodes_ == 0) findings_.add("root", kRootNode, "the space has no root");
  return {};
}

Status TreeCheck::check_node(NodeId parent, std::string_view name, const model::NodeRecord& node) {
  if (node.id >= head_.next_node)
    findings_.add("node_id", node.id, "its id was never given out by the head");
  if (node.changed > head_.visible)
    findings_.add("node_changed", node.id, "it changed after the last visible entry");
  if (node.id != kRootNode) {
    auto locator = reading_.locate(node.id);
    if (!locator.ok()) {
      SPIND_TRY(findings_.absorb("locator", node.id, std::move(locator).error()));
    } else if (locator->parent != parent || locator->name != name || locator->trash.entry != 0) {
      findings_.add("locator", node.id, "its locator leads elsewhere");
    }
  }
  return node.kind == NodeKind::folder ? check_has_children(node) : Status();
}

// A folder with totals and no child would be seen by no group.
Status TreeCheck::check_has_children(const model::NodeRecord& folder) {
  if (folder.totals == FolderTotals{}) return {};
  const std::string prefix = model::children_prefix(reading_.space(), folder.id);
  const auto cursor = reading_.snapshot().scan(kv::Family::state, prefix, model::end_of(prefix));
  SPIND_TRY(cursor->status());
  if (!cursor->valid()) findings_.add("folder_totals", folder.id, "it has totals and no children");
  return {};
}

Status TreeCheck::close_group(const Group& group) {
  if (group.parent == 0) return {};  // the root alone
  SPIND_TRY_ASSIGN(const space::NodeRef parent, find(group.parent, "orphan_children"));
  if (parent == nullptr) return {};
  if (parent->kind != NodeKind::folder)
    findings_.add("orphan_children", group.parent, "a file has children");
  else if (parent->totals != group.sum)
    findings_.add(
        "folder_totals", group.parent,
        fmt::format("its totals say {} files, {} folders, {} + {} bytes; its children "
                    "come to {}, {}, {} + {}",
                    parent->totals.files, parent->totals.folders, parent->totals.live_bytes,
                    parent->totals.version_bytes, group.sum.files, group.sum.folders,
                    group.sum.live_bytes, group.sum.version_bytes));
  return {};
}

Result<space::NodeRef> TreeCheck::find(NodeId node, std::string_view kind) {
  auto locator = reading_.locate(node);
  if (!locator.ok()) {
    SPIND_TRY(findings_.absorb(kind, node, std::move(locator).error()));
    return space::NodeRef{};
  }
  if (locator->trash.entry == 0) {
    auto record = reading_.child(locator->parent, locator->name);
    if (!record.ok()) {
      SPIND_TRY(findings_.absorb(kind, node, std::move(record).error()));
      return space::NodeRef{};
    }
    if (*record == nullptr || (*record)->id != node) {
      findings_.add(kind, node, "its locator leads to nothing");
      return space::NodeRef{};
    }
    return std::move(record).value();
  }
  SPIND_TRY_ASSIGN(const auto bytes,
                   reading_.snapshot().get(kv::Family::state,
                                           model::trash_key(reading_.space(), locator->trash)));
  if (!bytes) {
    findings_.add(kind, node, "its row in the trash is missing");
    return space::NodeRef{};
  }
  auto trash = model::decode_trash(*bytes);
  if (!trash.ok()) {
    SPIND_TRY(findings_.absorb(kind, node, std::move(trash).error()));
    return space::NodeRef{};
  }
  return std::make_shared<const model::NodeRecord>(std::move(trash->node));
}

Status TreeCheck::check_trash() {
  std::uint64_t bytes = 0;
  SPIND_TRY(
      scan_rows(reading_, SpaceRow::trash, [&](std::string_view, std::string_view value) -> Status {
        SPIND_TRY(steps_.step());
        ++trashed_;
        auto trash = model::decode_trash(value);
        if (!trash.ok()) return findings_.absorb("trash_record", 0, std::move(trash).error());
        const FolderTotals weight = trash->node.weight();
        bytes += weight.live_bytes + weight.version_bytes;
        SPIND_TRY(find(trash->node.id, "trash_locator"));
        return trash->node.kind == NodeKind::folder ? check_has_children(trash->node) : Status();
      }));
  if (bytes != head_.trash_bytes)
    findings_.add(
        "trash_bytes", 0,
        fmt::format("the head says {} bytes in the trash, there are {}", head_.trash_bytes, bytes));
  return {};
}

// Every node was looked up by its locator, so as many locators as nodes means that none is stray.
Status TreeCheck::check_locators() {
  std::uint64_t count = 0;
  SPIND_TRY(scan_rows(reading_, SpaceRow::locator, [&](std::string_view, std::string_view) {
    ++count;
    return steps_.step();
  }));
  const std::uint64_t expected = nodes_ + trashed_ - (nodes_ > 0 ? 1 : 0);
  if (count != expected)
    findings_.add("locator", 0, fmt::format("there are {} locators for {} nodes", count, expected));
  return {};
}

Status TreeCheck::check_versions() {
  NodeId node = 0;
  std::uint64_t bytes = 0;
  SPIND_TRY(scan_rows(
      reading_, SpaceRow::version, [&](std::string_view key, std::string_view value) -> Status {
        SPIND_TRY(steps_.step());
        const NodeId owner = model::last_u64_in(key.substr(0, key.size() - 8));
        if (owner != node && node != 0) SPIND_TRY(close_versions(node, bytes));
        if (owner != node) bytes = 0;
        node = owner;
        auto version = model::decode_version(value);
        if (!version.ok())
          return findings_.absorb("version_record", owner, std::move(version).error());
        if (version->number != model::last_u64_in(key))
          findings_.add("version_record", owner, "it lies under another number");
        bytes += version->size_bytes;
        return {};
      }));
  return node == 0 ? Status() : close_versions(node, bytes);
}

Status TreeCheck::close_versions(NodeId node, std::uint64_t bytes) {
  SPIND_TRY_ASSIGN(const space::NodeRef record, find(node, "orphan_versions"));
  if (record != nullptr && record->version_bytes != bytes)
    findings_.add("version_bytes", node,
                  fmt::format("it counts {} bytes of earlier versions, there are {}",
                              record->version_bytes, bytes));
  return {};
}

Status TreeCheck::check_folded_names() {
  SPIND_TRY_ASSIGN(const space::SpaceRef info, reading_.info());
  if (info->names != NameRule::folded) return {};
  const std::size_t prefix_bytes = model::row_prefix(reading_.space(), SpaceRow::folded).size();
  std::uint64_t count = 0;
  SPIND_TRY(scan_rows(reading_, SpaceRow::folded,
                      [&](std::string_view key, std::string_view name) -> Status {
                        SPIND_TRY(steps_.step());
                        ++count;
                        const NodeId parent = Decoder(key.substr(prefix_bytes, 8)).u64_be();
                        SPIND_TRY_ASSIGN(const space::NodeRef node, reading_.child(parent, name));
                        if (node == nullptr || key.substr(prefix_bytes + 8) != name_fold(name))
                          findings_.add("folded_name", parent, "a folded name belongs to no node");
                        return {};
                      }));
  if (count + 1 != nodes_)
    findings_.add("folded_name", 0,
                  fmt::format("there are {} folded names for {} nodes", count, nodes_ - 1));
  return {};
}

}  // namespace spind::upkeep
