#include "upkeep/check_tree.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"
#include "base/try.h"
#include "base/utf8.h"
#include "model/keys.h"
#include "upkeep/mend_rows.h"
#include "upkeep/mends.h"
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

}  // namespace

TreeCheck::TreeCheck(space::Reading& reading, const model::Head& head, Findings& findings,
                     Steps& steps)
    : reading_(reading), head_(head), findings_(findings), steps_(steps) {}

Status TreeCheck::run() {
  SPIND_TRY(note_stagings());
  SPIND_TRY(check_nodes());
  SPIND_TRY(check_trash());
  SPIND_TRY(check_purged());
  SPIND_TRY(check_staged());
  SPIND_TRY(check_locators());
  SPIND_TRY(check_gaps());
  SPIND_TRY(check_versions());
  SPIND_TRY(check_marks());
  return check_folded_names();
}

// ---- nodes ----

Status TreeCheck::check_nodes() {
  std::optional<Group> group;
  SPIND_TRY(scan_rows(reading_, SpaceRow::node,
                      [&](std::string_view key, std::string_view value) -> Status {
                        SPIND_TRY(steps_.node());
                        ++nodes_;
                        const NodeId parent = parent_in_node_key(key);
                        if (group && group->parent != parent) SPIND_TRY(close_group(*group));
                        if (!group || group->parent != parent) group = Group{parent, {}, 0};
                        auto node = model::decode_node(value);
                        if (!node.ok()) return broken_record(SpaceRow::node, key, node.error());
                        add(group->sum, node->weight());
                        group->changed = std::max(group->changed, node->changed);
                        SPIND_TRY(check_locator(parent, key, node->id));
                        return check_record(*node);
                      }));
  if (group) SPIND_TRY(close_group(*group));
  SPIND_TRY_ASSIGN(
      const auto root,
      reading_.snapshot().get(kv::Family::state, model::node_key(reading_.space(), 0, "")));
  if (!root)
    findings_.add(Kind::root, kRootNode, "the space has no root",
                  rebuild_record(Kind::root, reading_.space(), SpaceRow::node,
                                 model::node_key(reading_.space(), 0, ""), ""));
  return {};
}

Status TreeCheck::broken_record(SpaceRow row, std::string_view key, Error error) {
  const Kind kind = row == SpaceRow::node     ? Kind::node_record
                    : row == SpaceRow::staged ? Kind::staged_record
                                              : Kind::trash_record;
  Mend mend = rebuild_record(kind, reading_.space(), row, std::string(key), error.text);
  return findings_.absorb(kind, 0, std::move(error), std::move(mend));
}

Status TreeCheck::check_locator(NodeId parent, std::string_view key, NodeId node) {
  const SpaceId& space = reading_.space();
  if ((node == kRootNode) != (parent == 0)) {
    const std::string text = "the root hangs in a folder, or another node in its place";
    findings_.add(Kind::root, node, text,
                  take_away(Kind::root, space, node, text, kv::Family::state, std::string(key)));
  }
  if (node == kRootNode) return {};
  const auto mend = [&](const std::string& text) {
    return put_locator(Kind::locator, space, SpaceRow::node, std::string(key), node, text);
  };
  auto locator = reading_.locate(node);
  if (!locator.ok())
    return findings_.absorb(Kind::locator, node, locator.error(), mend(locator.error().text));
  if (locator->parent != parent || locator->name != model::name_in_node_key(key) ||
      locator->trash.entry != 0) {
    const std::string text = "its locator leads elsewhere";
    findings_.add(Kind::locator, node, text, mend(text));
  }
  return {};
}

// What holds for every node, hanging or in the trash.
Status TreeCheck::check_record(const model::NodeRecord& node) {
  if (node.id >= head_.next_node)
    findings_.add(Kind::node_id, node.id, "its id was never given out by the head",
                  count_node_id(reading_.space(), node.id));
  if (node.changed > head_.visible && !stagings_.contains(node.changed))
    findings_.add(Kind::node_changed, node.id, "it changed after the last visible entry",
                  lower_changed(reading_.space(), node.id));
  if (node.kind == NodeKind::folder) return check_has_children(node);
  check_versions_owed(node);
  return {};
}

// A folder with totals and no child would be seen by no group.
Status TreeCheck::check_has_children(const model::NodeRecord& folder) {
  if (folder.totals == FolderTotals{}) return {};
  const std::string prefix = model::children_prefix(reading_.space(), folder.id);
  const auto cursor = reading_.snapshot().scan(kv::Family::state, prefix, model::end_of(prefix));
  SPIND_TRY(cursor->status());
  if (!cursor->valid())
    findings_.add(Kind::folder_totals, folder.id, "it has totals and no children",
                  sum_folder(reading_.space(), folder.id));
  return {};
}

Status TreeCheck::close_group(const Group& group) {
  if (group.parent == 0) return {};  // the root alone
  const SpaceId& space = reading_.space();
  SPIND_TRY_ASSIGN(const space::NodeRef parent, find(group.parent, Kind::orphan_children,
                                                     recover_children(space, group.parent)));
  if (parent == nullptr) return {};
  if (parent->kind != NodeKind::folder) {
    findings_.add(Kind::orphan_children, group.parent, "a file has children",
                  recover_children(space, group.parent));
    return {};
  }
  if (parent->totals != group.sum)
    findings_.add(
        Kind::folder_totals, group.parent,
        fmt::format("its totals say {} files, {} folders, {} + {} bytes; its children "
                    "come to {}, {}, {} + {}",
                    parent->totals.files, parent->totals.folders, parent->totals.live_bytes,
                    parent->totals.version_bytes, group.sum.files, group.sum.folders,
                    group.sum.live_bytes, group.sum.version_bytes),
        sum_folder(space, group.parent));
  // What left the folder may have made it newer than all that is still there, never older.
  if (parent->changed < group.changed)
    findings_.add(Kind::folder_changed, group.parent,
                  fmt::format("it changed with entry {}, a child of it with {}", parent->changed,
                              group.changed),
                  sum_folder(space, group.parent));
  return {};
}

Result<space::NodeRef> TreeCheck::find(NodeId node, Kind kind, Mend mend) {
  auto locator = reading_.locate(node);
  if (!locator.ok()) {
    SPIND_TRY(findings_.absorb(kind, node, std::move(locator).error(), std::move(mend)));
    return space::NodeRef{};
  }
  if (locator->trash.entry != 0) return find_trashed(node, locator->trash, kind, std::move(mend));
  auto record = reading_.child(locator->parent, locator->name);
  if (!record.ok()) {
    SPIND_TRY(findings_.absorb(kind, node, std::move(record).error(), std::move(mend)));
    return space::NodeRef{};
  }
  if (*record == nullptr || (*record)->id != node) {
    findings_.add(kind, node, "its locator leads to nothing", std::move(mend));
    return space::NodeRef{};
  }
  return std::move(record).value();
}

Result<space::NodeRef> TreeCheck::find_trashed(NodeId node, const model::AttachmentId& at,
                                               Kind kind, Mend mend) {
  auto row = detached(at);
  if (!row.ok()) {
    SPIND_TRY(findings_.absorb(kind, node, std::move(row).error(), std::move(mend)));
    return space::NodeRef{};
  }
  if (!*row) {
    findings_.add(kind, node, "its row in the trash is missing", std::move(mend));
    return space::NodeRef{};
  }
  model::NodeRecord& record = **row;
  if (record.id != node) {
    findings_.add(kind, node, "its locator leads to another node in the trash", std::move(mend));
    return space::NodeRef{};
  }
  return std::make_shared<const model::NodeRecord>(std::move(record));
}

// The node whose row a locator leads to, in the trash, purged or staged.
Result<std::optional<model::NodeRecord>> TreeCheck::detached(const model::AttachmentId& at) {
  SPIND_TRY_ASSIGN(auto row, reading_.trashed(at));
  if (!row) {
    SPIND_TRY_ASSIGN(row, reading_.purged(at));
  }
  if (row) return std::optional(std::move(row->node));
  return reading_.staged(at);
}

// ---- the trash, and what counts both ----

Status TreeCheck::check_trash() {
  std::uint64_t bytes = 0;
  SPIND_TRY(scan_rows(reading_, SpaceRow::trash,
                      [&](std::string_view key, std::string_view value) -> Status {
                        SPIND_TRY(steps_.node());
                        ++trashed_;
                        auto trash = model::decode_trash(value);
                        if (!trash.ok()) return broken_record(SpaceRow::trash, key, trash.error());
                        const FolderTotals weight = trash->node.weight();
                        bytes += weight.live_bytes + weight.version_bytes;
                        return check_trashed(SpaceRow::trash, key, trash->node);
                      }));
  if (bytes != head_.trash_bytes)
    findings_.add(
        Kind::trash_bytes, 0,
        fmt::format("the head says {} bytes in the trash, there are {}", head_.trash_bytes, bytes),
        sum_trash(reading_.space()));
  return {};
}

// What was purged keeps its rows until the floor has passed.
Status TreeCheck::check_purged() {
  return scan_rows(reading_, SpaceRow::purged,
                   [&](std::string_view key, std::string_view value) -> Status {
                     SPIND_TRY(steps_.node());
                     ++trashed_;
                     auto purged = model::decode_trash(value);
                     if (!purged.ok()) return broken_record(SpaceRow::purged, key, purged.error());
                     return check_trashed(SpaceRow::purged, key, purged->node);
                   });
}

// What is staged has the number of the entry that began it, which nobody saw. Broken rows are told
// later.
Status TreeCheck::note_stagings() {
  const auto note = [this](const model::NodeRecord& top) {
    if (top.changed > head_.visible && top.changed <= head_.entry) stagings_.insert(top.changed);
  };
  SPIND_TRY(scan_rows(reading_, SpaceRow::staged, [&](auto, std::string_view value) {
    const auto top = model::decode_node(value);
    if (top.ok()) note(*top);
    return steps_.step();
  }));
  return scan_rows(reading_, SpaceRow::purged, [&](auto, std::string_view value) {
    const auto purged = model::decode_trash(value);
    if (purged.ok()) note(purged->node);
    return steps_.step();
  });
}

Status TreeCheck::check_staged() {
  return scan_rows(
      reading_, SpaceRow::staged, [&](std::string_view key, std::string_view value) -> Status {
        SPIND_TRY(steps_.node());
        ++trashed_;
        const auto top = model::decode_node(value);
        if (!top.ok()) return broken_record(SpaceRow::staged, key, top.error());
        if (top->kind != NodeKind::folder) {
          const std::string text = "what is staged is no folder";
          findings_.add(Kind::staged_record, top->id, text, note_only(std::string(key)));
        }
        SPIND_TRY(check_detached(Kind::staged_locator, SpaceRow::staged, key, *top));
        return check_record(*top);
      });
}

Status TreeCheck::check_trashed(SpaceRow row, std::string_view key, const model::NodeRecord& node) {
  SPIND_TRY(check_detached(Kind::trash_locator, row, key, node));
  return check_record(node);
}

Status TreeCheck::check_detached(Kind kind, SpaceRow row, std::string_view key,
                                 const model::NodeRecord& node) {
  const SpaceId& space = reading_.space();
  const auto mend = [&](const std::string& text) {
    return put_locator(kind, space, row, std::string(key), node.id, text);
  };
  const auto locator = reading_.locate(node.id);
  if (!locator.ok())
    return findings_.absorb(kind, node.id, locator.error(), mend(locator.error().text));
  if (key_of_detached(space, row, locator->trash) != key) {
    const std::string text = "its locator leads elsewhere";
    findings_.add(kind, node.id, text, mend(text));
  }
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
    findings_.add(Kind::locator, 0,
                  fmt::format("there are {} locators for {} nodes", count, expected),
                  drop_stray_locators(reading_.space()));
  return {};
}

// ---- earlier versions ----

void TreeCheck::check_versions_owed(const model::NodeRecord& file) {
  versions_owed_ += earlier_versions(file);
  if (file.current.number == 0)
    findings_.add(Kind::versions, file.id, "its current version has no number",
                  note_only(subject_of(file.id)));
  if (file.version_bytes != 0 && earlier_versions(file) == 0)
    findings_.add(
        Kind::version_bytes, file.id,
        fmt::format("it counts {} bytes of earlier versions and has none", file.version_bytes),
        count_versions(reading_.space(), file.id, ""));
}

// How many versions were removed is counted by file, and nobody owes them.
Status TreeCheck::check_gaps() {
  return scan_rows(
      reading_, SpaceRow::gaps, [&](std::string_view key, std::string_view value) -> Status {
        SPIND_TRY(steps_.step());
        const NodeId node = model::last_u64_in(key);
        const auto count = model::decode_count(value);
        const SpaceId& space = reading_.space();
        if (!count.ok())
          return findings_.absorb(Kind::versions, node, count.error(),
                                  count_versions(space, node, count.error().text));
        const std::string text = "the count of removed versions of a node that is not there";
        SPIND_TRY_ASSIGN(const space::NodeRef record,
                         find(node, Kind::orphan_versions, take_versions_away(space, node, text)));
        if (record == nullptr) return {};
        versions_owed_ -= *count;
        if (*count == 0 || *count > earlier_versions(*record))
          findings_.add(Kind::versions, node,
                        fmt::format("{} versions were removed, of {} earlier ones", *count,
                                    earlier_versions(*record)),
                        count_versions(space, node, ""));
        return {};
      });
}

// 0 also where the row is broken, which check_gaps tells.
Result<std::uint64_t> TreeCheck::gaps(NodeId file) {
  SPIND_TRY_ASSIGN(const auto row, reading_.snapshot().get(
                                       kv::Family::state, model::gaps_key(reading_.space(), file)));
  if (!row) return std::uint64_t{0};
  const auto count = model::decode_count(*row);
  return count.ok() ? *count : 0;
}

Status TreeCheck::check_versions() {
  Versions versions;
  SPIND_TRY(scan_rows(
      reading_, SpaceRow::version, [&](std::string_view key, std::string_view value) -> Status {
        SPIND_TRY(steps_.step());
        const NodeId owner = model::last_u64_in(key.substr(0, key.size() - 8));
        if (owner != versions.node) {
          SPIND_TRY(close_versions(versions));
          versions = {owner, 0, 0, 0};
        }
        ++versions.count;
        versions.last = model::last_u64_in(key);
        auto version = model::decode_version(value);
        const SpaceId& space = reading_.space();
        if (!version.ok())
          return findings_.absorb(Kind::version_record, owner, version.error(),
                                  count_versions(space, owner, version.error().text));
        if (version->number != versions.last) {
          const std::string text = "it lies under another number";
          findings_.add(Kind::version_record, owner, text, count_versions(space, owner, text));
        }
        versions.bytes += version->size_bytes;
        return {};
      }));
  SPIND_TRY(close_versions(versions));
  if (versions_owed_ != 0)
    findings_.add(
        Kind::versions, 0,
        fmt::format("files that have no rows of earlier versions count {} of them", versions_owed_),
        count_all_versions(reading_.space()));
  return {};
}

Status TreeCheck::close_versions(const Versions& versions) {
  if (versions.count == 0) return {};  // before the first
  const SpaceId& space = reading_.space();
  SPIND_TRY_ASSIGN(const space::NodeRef record,
                   find(versions.node, Kind::orphan_versions,
                        take_versions_away(space, versions.node, "of a node that is not there")));
  if (record == nullptr) return {};
  SPIND_TRY_ASSIGN(const std::uint64_t removed, gaps(versions.node));
  const std::uint64_t expected = earlier_versions(*record) - removed;
  versions_owed_ -= expected;
  if (versions.count != expected || versions.last >= record->current.number)
    findings_.add(Kind::versions, versions.node,
                  fmt::format("it counts {} earlier versions, there are {}, the last is {}",
                              expected, versions.count, versions.last),
                  count_versions(space, versions.node, "it is not earlier than the current one"));
  if (record->version_bytes != versions.bytes)
    findings_.add(Kind::version_bytes, versions.node,
                  fmt::format("it counts {} bytes of earlier versions, there are {}",
                              record->version_bytes, versions.bytes),
                  count_versions(space, versions.node, ""));
  return {};
}

// A mark says something of a version that there is.
Status TreeCheck::check_marks() {
  return scan_rows(
      reading_, SpaceRow::mark, [&](std::string_view key, std::string_view value) -> Status {
        SPIND_TRY(steps_.step());
        const NodeId node = model::last_u64_in(key.substr(0, key.size() - 8));
        const VersionNumber number = model::last_u64_in(key);
        const auto mark = model::decode_mark(value);
        const auto away = [&](const std::string& text) {
          return take_away(Kind::version_mark, reading_.space(), node, text, kv::Family::state,
                           std::string(key));
        };
        if (!mark.ok())
          return findings_.absorb(Kind::version_mark, node, mark.error(), away(mark.error().text));
        SPIND_TRY_ASSIGN(const space::NodeRef record,
                         find(node, Kind::version_mark, away("of a node that is not there")));
        if (record == nullptr) return {};
        if (record->kind == NodeKind::file && record->current.number == number) return {};
        SPIND_TRY_ASSIGN(const auto row, reading_.snapshot().get(
                                             kv::Family::state,
                                             model::version_key(reading_.space(), node, number)));
        if (!row) {
          const std::string text = fmt::format("version {} is marked, and not there", number);
          findings_.add(Kind::version_mark, node, text, away(text));
        }
        return {};
      });
}

// ---- folded names ----

Status TreeCheck::check_folded_names() {
  SPIND_TRY_ASSIGN(const space::SpaceRef info, reading_.info());
  if (info->names != NameRule::folded) return {};
  const std::size_t prefix_bytes = model::row_prefix(reading_.space(), SpaceRow::folded).size();
  std::uint64_t count = 0;
  SPIND_TRY(scan_rows(
      reading_, SpaceRow::folded, [&](std::string_view key, std::string_view name) -> Status {
        SPIND_TRY(steps_.step());
        ++count;
        const NodeId parent = Decoder(key.substr(prefix_bytes)).u64_be();
        const auto node = reading_.child(parent, name);
        // The node's own check tells of a broken record.
        if (!node.ok()) return is_damage(node.error()) ? Status() : node.error();
        if (*node == nullptr || key != model::folded_key(reading_.space(), parent, name_fold(name)))
          findings_.add(Kind::folded_name, parent, "a folded name belongs to no node",
                        fold_names(reading_.space()));
        return {};
      }));
  if (count + 1 != nodes_)
    findings_.add(Kind::folded_name, 0,
                  fmt::format("there are {} folded names for {} nodes", count, nodes_ - 1),
                  fold_names(reading_.space()));
  return {};
}

}  // namespace spind::upkeep
