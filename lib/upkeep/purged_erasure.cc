#include "upkeep/purged_erasure.h"

#include "base/limits.h"
#include "base/try.h"

namespace spind::upkeep {

using kv::Family;

namespace {

// Rows of folders that were hung off have indices that no change of an entry has.
constexpr std::uint32_t kHungOffFirst = 1u << 31;

void take(FolderTotals& totals, const FolderTotals& weight) {
  totals.live_bytes -= weight.live_bytes;
  totals.version_bytes -= weight.version_bytes;
  totals.files -= weight.files;
  totals.folders -= weight.folders;
}

// Its own, its attachment, and one a piece.
std::size_t rows_of(const model::VersionRecord& version) {
  return 2 + static_cast<std::size_t>(version.size_bytes / kPieceBytesMax);
}

}  // namespace

PurgedErasure::PurgedErasure(kv::Transaction& rows, space::State& state, const model::Head& head,
                             Erased& erased)
    : rows_(rows), state_(state), erased_(erased) {
  state_.keep_pieces_for(head.entry);
}

Result<bool> PurgedErasure::step(const model::AttachmentId& at, std::string& after) {
  SPIND_TRY_ASSIGN(model::TrashRecord item, state_.take_purged(at));
  const bool is_file = item.node.kind == NodeKind::file;
  SPIND_TRY_ASSIGN(const bool bare,
                   is_file ? erase_earlier(item.node) : erase_children(at, item, after));
  if (!bare) {
    state_.put_purged(at, item);
    return false;
  }
  rows_.erase(Family::state, model::locator_key(state_.space(), item.node.id));
  SPIND_TRY(erase_rest(item.node));
  return true;
}

// Whether there are none left.
Result<bool> PurgedErasure::erase_children(const model::AttachmentId& at,
                                           model::TrashRecord& folder, std::string& after) {
  struct Child {
    std::string name;
    model::NodeRecord node;
  };
  std::vector<Child> children;
  const auto cursor =
      rows_.scan(Family::state, model::node_key(state_.space(), folder.node.id, after),
                 model::end_of(model::children_prefix(state_.space(), folder.node.id)));
  for (; cursor->valid() && children.size() < kRowsAStep; cursor->next()) {
    SPIND_TRY_ASSIGN(model::NodeRecord node, model::decode_node(cursor->value()));
    children.push_back({std::string(model::name_in_node_key(cursor->key())), std::move(node)});
  }
  SPIND_TRY(cursor->status());
  bool all = children.size() < kRowsAStep;
  for (Child& child : children) {
    if (full()) {
      all = false;
      break;
    }
    take(folder.node.totals, child.node.weight());
    SPIND_TRY(erase_child(at, folder, child.name, std::move(child.node)));
    after = std::move(child.name);
  }
  return all;
}

Status PurgedErasure::erase_child(const model::AttachmentId& at, const model::TrashRecord& folder,
                                  std::string_view name, model::NodeRecord child) {
  SPIND_TRY(state_.detach(child.id));
  rows_erased_ += 3;
  bool bare = child.totals == FolderTotals{};
  if (child.kind == NodeKind::file) {
    SPIND_TRY_ASSIGN(bare, erase_earlier(child));
  }
  if (!bare)
    return hang_off(at, {folder.node.id, std::string(name), std::move(child), folder.removed_by,
                         folder.removed_ns});
  return erase_rest(child);
}

Status PurgedErasure::hang_off(const model::AttachmentId& at, const model::TrashRecord& child) {
  model::AttachmentId own{at.entry, kHungOffFirst | static_cast<std::uint32_t>(child.node.id)};
  for (;; own.index = kHungOffFirst | (own.index + 1)) {
    SPIND_TRY_ASSIGN(const auto taken, state_.purged(own));
    if (!taken) break;
  }
  state_.put_purged(own, child);
  return {};
}

// Some of the file's earlier versions, which then count as removed. Whether there are none left.
Result<bool> PurgedErasure::erase_earlier(model::NodeRecord& file) {
  if (file.current.number <= 1) return true;
  std::vector<model::VersionRecord> versions;
  const std::string begin = model::versions_prefix(state_.space(), file.id);
  const auto cursor = rows_.scan(Family::state, begin, model::end_of(begin));
  for (std::size_t rows = rows_erased_; cursor->valid() && rows < kRowsAStep; cursor->next()) {
    SPIND_TRY_ASSIGN(model::VersionRecord version, model::decode_version(cursor->value()));
    rows += rows_of(version);
    versions.push_back(std::move(version));
  }
  SPIND_TRY(cursor->status());
  const bool all = !cursor->valid();
  for (const model::VersionRecord& version : versions) {
    SPIND_TRY(state_.take_version(file.id, version.number));
    state_.set_mark(file.id, version.number, {});
    SPIND_TRY(erase_content(version));
    file.version_bytes -= version.size_bytes;
    if (!all) SPIND_TRY(state_.add_gaps(file.id, +1));
  }
  return all;
}

// What is left of a node that hangs nowhere and has nothing below it.
Status PurgedErasure::erase_rest(const model::NodeRecord& node) {
  ++erased_.nodes;
  SPIND_TRY(erase_properties(node.id));
  if (node.kind == NodeKind::folder) return {};
  state_.set_mark(node.id, node.current.number, {});
  rows_.erase(Family::state, model::gaps_key(state_.space(), node.id));
  return erase_content(node.current);
}

// All of them: a node has few, and their bytes are bounded.
Status PurgedErasure::erase_properties(NodeId node) {
  std::vector<std::string> keys;
  const std::string begin = model::properties_prefix(state_.space(), node);
  const auto cursor = rows_.scan(Family::state, begin, model::end_of(begin));
  for (; cursor->valid(); cursor->next())
    keys.emplace_back(model::property_in_key(cursor->key()).key);
  SPIND_TRY(cursor->status());
  for (const std::string& key : keys) state_.set_property(node, key, std::nullopt);
  rows_erased_ += keys.size();
  return {};
}

Status PurgedErasure::erase_content(const model::VersionRecord& version) {
  SPIND_TRY(state_.add_references(version.content, -1));
  if (version.content.has_attachment())
    rows_.erase(Family::attachment,
                model::attachment_key(state_.space(), version.content.attachment));
  ++erased_.versions;
  rows_erased_ += rows_of(version);
  return {};
}

}  // namespace spind::upkeep
