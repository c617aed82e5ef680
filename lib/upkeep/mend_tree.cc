// Mends of nodes, their places, and what folders and the trash say about them.
#include <algorithm>

#include "base/codec.h"
#include "base/try.h"
#include "base/utf8.h"
#include "upkeep/findings.h"
#include "upkeep/mend_rows.h"
#include "upkeep/mends.h"

namespace spind::upkeep {

using kv::Family;
using kv::Transaction;
using model::NodeRecord;
using model::SpaceRow;

namespace {

// What is left of a folder: what lies in it.
struct Below {
  bool any = false;
  FolderTotals sum;
  EntryNumber changed = 0;
};

Result<Below> look_below(const Transaction& rows, const SpaceId& space, NodeId folder) {
  Below below;
  const std::string prefix = model::children_prefix(space, folder);
  const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) {
    const auto child = model::decode_node(cursor->value());
    below.any = true;
    if (!child.ok()) continue;
    const FolderTotals weight = child->weight();
    below.sum.live_bytes += weight.live_bytes;
    below.sum.version_bytes += weight.version_bytes;
    below.sum.files += weight.files;
    below.sum.folders += weight.folders;
    below.changed = std::max(below.changed, child->changed);
  }
  SPIND_TRY(cursor->status());
  return below;
}

// The node whose locator leads to the row; 0: none.
Result<NodeId> id_of(const Transaction& rows, const SpaceId& space, SpaceRow row,
                     const std::string& key) {
  const std::string prefix = model::row_prefix(space, SpaceRow::locator);
  const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) {
    const auto locator = model::decode_locator(cursor->value());
    if (!locator.ok()) continue;
    const bool hangs = locator->trash.entry == 0;
    if (hangs != (row == SpaceRow::node)) continue;
    const std::string leads_to = hangs ? model::node_key(space, locator->parent, locator->name)
                                       : key_of_detached(space, row, locator->trash);
    if (leads_to == key) return model::last_u64_in(cursor->key());
  }
  SPIND_TRY(cursor->status());
  return NodeId{0};
}

// A folder of which only what lies in it is known.
Result<NodeRecord> recovered_folder(const Transaction& rows, const SpaceId& space, NodeId id,
                                    const Below& below) {
  SPIND_TRY_ASSIGN(const model::Head head, read_head(rows, space));
  SPIND_TRY_ASSIGN(const model::SpaceRecord info, read_info(rows, space));
  NodeRecord folder;
  folder.id = id;
  folder.kind = NodeKind::folder;
  folder.changed = head.visible;
  folder.creator = info.creator;
  folder.mtime_ns = head.time_ns;
  folder.totals = below.sum;
  return folder;
}

model::TrashRecord recovered_item(NodeRecord folder, const std::string& by, std::int64_t time_ns) {
  std::string name = "recovered-" + std::to_string(folder.id);
  return {kRootNode, std::move(name), std::move(folder), by, time_ns};
}

Status erase_folded(Transaction& rows, const SpaceId& space, const std::string& node_key) {
  const std::string_view name = model::name_in_node_key(node_key);
  const NodeId parent = parent_in_node_key(node_key);
  const std::string folded = model::folded_key(space, parent, name_fold(name));
  SPIND_TRY_ASSIGN(const auto row, rows.get(Family::state, folded));
  if (row && *row == name) rows.erase(Family::state, folded);
  return {};
}

}  // namespace

Mend rebuild_record(Kind kind, const SpaceId& space, SpaceRow row, std::string key,
                    std::string text) {
  return {
      [=](Transaction& rows) -> Result<Mended> {
        SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, key));
        const bool is_root = key == model::node_key(space, 0, "");
        if (bytes && can_be_read(row, *bytes)) return Mended::nothing;
        if (!bytes && !is_root) return Mended::nothing;
        SPIND_TRY_ASSIGN(NodeId id, id_of(rows, space, row, key));
        if (is_root) id = kRootNode;
        Below below;
        if (id != 0) {
          SPIND_TRY_ASSIGN(below, look_below(rows, space, id));
        }
        if (!below.any && !is_root) {
          SPIND_TRY(
              move_aside(rows, model::space_partition(space), kind, id, text, Family::state, key));
          if (id != 0) rows.erase(Family::state, model::locator_key(space, id));
          if (row == SpaceRow::node) SPIND_TRY(erase_folded(rows, space, key));
          return Mended::aside;
        }
        SPIND_TRY_ASSIGN(NodeRecord folder, recovered_folder(rows, space, id, below));
        if (row == SpaceRow::node || row == SpaceRow::staged) {
          rows.put_announced(Family::state, key, model::encode(folder));
          return Mended::good;
        }
        const std::string by = folder.creator;
        const std::int64_t time_ns = folder.mtime_ns;
        rows.put(Family::state, key, model::encode(recovered_item(std::move(folder), by, time_ns)));
        return Mended::good;
      },
      {},
      key};
}

Mend put_locator(Kind kind, const SpaceId& space, SpaceRow row, std::string key, NodeId id,
                 std::string text) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, key));
            if (!bytes || id_in_row(row, *bytes) != id) return Mended::nothing;
            SPIND_TRY_ASSIGN(const auto place, find_node(rows, space, id));
            if (place && place->key == key) return Mended::nothing;
            // The node is elsewhere, so this is another row of it.
            if (place || id == kRootNode) {
              SPIND_TRY(move_aside(rows, model::space_partition(space), kind, id, text,
                                   Family::state, key));
              if (row == SpaceRow::node) SPIND_TRY(erase_folded(rows, space, key));
              return Mended::aside;
            }
            model::Locator locator;
            if (row == SpaceRow::node)
              locator = {parent_in_node_key(key), std::string(model::name_in_node_key(key)), {}};
            else
              locator.trash = model::attachment_in_key(key);
            rows.put(Family::state, model::locator_key(space, id), model::encode(locator));
            return Mended::good;
          },
          {},
          key};
}

Mend drop_stray_locators(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            std::vector<std::string> stray;
            const std::string prefix = model::row_prefix(space, SpaceRow::locator);
            const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
            for (; cursor->valid() && stray.size() < kMendRowsMax; cursor->next()) {
              const NodeId id = model::last_u64_in(cursor->key());
              SPIND_TRY_ASSIGN(const bool leads, leads_somewhere(rows, space, id, cursor->value()));
              if (!leads) stray.emplace_back(cursor->key());
            }
            SPIND_TRY(cursor->status());
            for (const std::string& key : stray) rows.erase(Family::state, key);
            return stray.empty() ? Mended::nothing : Mended::good;
          },
          {},
          {}};
}

Mend count_node_id(const SpaceId& space, NodeId id) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(model::Head head, read_head(rows, space));
            if (head.next_node > id) return Mended::nothing;
            head.next_node = id + 1;
            rows.put_announced(Family::state, model::head_key(space), model::encode(head));
            return Mended::good;
          },
          {},
          {}};
}

Mend lower_changed(const SpaceId& space, NodeId id) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const model::Head head, read_head(rows, space));
            SPIND_TRY_ASSIGN(auto place, find_node(rows, space, id));
            if (!place || place->node().changed <= head.visible) return Mended::nothing;
            place->node().changed = head.visible;
            put_node(rows, *place);
            return Mended::good;
          },
          {},
          {}};
}

Mend sum_folder(const SpaceId& space, NodeId folder) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(auto place, find_node(rows, space, folder));
            if (!place || place->node().kind != NodeKind::folder) return Mended::nothing;
            SPIND_TRY_ASSIGN(const Below below, look_below(rows, space, folder));
            NodeRecord& record = place->node();
            if (record.totals == below.sum && record.changed >= below.changed)
              return Mended::nothing;
            record.totals = below.sum;
            record.changed = std::max(record.changed, below.changed);
            put_node(rows, *place);
            return Mended::good;
          },
          {},
          {}};
}

Mend sum_trash(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(model::Head head, read_head(rows, space));
            SPIND_TRY_ASSIGN(const std::uint64_t bytes, bytes_in_trash(rows, space));
            if (head.trash_bytes == bytes) return Mended::nothing;
            head.trash_bytes = bytes;
            rows.put_announced(Family::state, model::head_key(space), model::encode(head));
            return Mended::good;
          },
          {},
          {}};
}

Mend recover_children(const SpaceId& space, NodeId parent) {
  return {[=](Transaction& rows) -> Result<Mended> {
            SPIND_TRY_ASSIGN(const auto place, find_node(rows, space, parent));
            if (place)
              return place->node().kind == NodeKind::folder ? Mended::nothing : Mended::cannot;
            SPIND_TRY_ASSIGN(const auto row,
                             rows.get(Family::state, model::locator_key(space, parent)));
            if (row) {
              SPIND_TRY_ASSIGN(const bool leads, leads_somewhere(rows, space, parent, *row));
              if (leads) return Mended::nothing;  // to a record that is rebuilt first
            }
            SPIND_TRY_ASSIGN(const Below below, look_below(rows, space, parent));
            if (!below.any) return Mended::nothing;
            SPIND_TRY_ASSIGN(model::Head head, read_head(rows, space));
            SPIND_TRY_ASSIGN(const NodeRecord folder, recovered_folder(rows, space, parent, below));
            // No entry has so many changes, so no entry's row is there.
            model::AttachmentId at{head.entry, kRecoveredIndex};
            for (;; ++at.index) {
              SPIND_TRY_ASSIGN(const auto taken,
                               rows.get(Family::state, model::trash_key(space, at)));
              if (!taken) break;
            }
            rows.put(Family::state, model::trash_key(space, at),
                     model::encode(recovered_item(folder, folder.creator, head.time_ns)));
            rows.put(Family::state, model::locator_key(space, parent),
                     model::encode(model::Locator{0, "", at}));
            head.trash_bytes += below.sum.live_bytes + below.sum.version_bytes;
            head.next_node = std::max(head.next_node, parent + 1);
            rows.put_announced(Family::state, model::head_key(space), model::encode(head));
            return Mended::good;
          },
          {},
          subject_of(parent)};
}

Mend fold_names(const SpaceId& space) {
  return {[=](Transaction& rows) -> Result<Mended> {
            const std::string prefix = model::row_prefix(space, SpaceRow::folded);
            std::vector<std::string> stray;
            std::uint64_t names = 0, nodes_there = 0;
            const auto folded = rows.scan(Family::state, prefix, model::end_of(prefix));
            for (; folded->valid() && stray.size() < kMendRowsMax; folded->next()) {
              const std::string_view rest = folded->key().substr(prefix.size());
              const NodeId parent = Decoder(rest.substr(0, 8)).u64_be();
              SPIND_TRY_ASSIGN(
                  const auto node,
                  rows.get(Family::state, model::node_key(space, parent, folded->value())));
              if (!node ||
                  folded->key() != model::folded_key(space, parent, name_fold(folded->value())))
                stray.emplace_back(folded->key());
              else
                ++names;
            }
            SPIND_TRY(folded->status());
            for (const std::string& key : stray) rows.erase(Family::state, key);
            std::size_t put = 0;
            const std::string nodes = model::row_prefix(space, SpaceRow::node);
            const auto node = rows.scan(Family::state, nodes, model::end_of(nodes));
            for (; node->valid() && put < kMendRowsMax; node->next()) {
              const std::string_view name = model::name_in_node_key(node->key());
              const NodeId parent = parent_in_node_key(node->key());
              if (parent == 0) continue;
              ++nodes_there;
              const std::string key = model::folded_key(space, parent, name_fold(name));
              SPIND_TRY_ASSIGN(const auto there, rows.get(Family::state, key));
              if (there) continue;
              rows.put(Family::state, key, name);
              ++put;
            }
            SPIND_TRY(node->status());
            if (!stray.empty() || put != 0) return Mended::good;
            return names == nodes_there ? Mended::nothing : Mended::cannot;
          },
          {},
          "names"};
}

}  // namespace spind::upkeep
