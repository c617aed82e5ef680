#include "ops/copy_batch.h"

#include <algorithm>
#include <unordered_set>

#include "base/hash.h"
#include "base/limits.h"
#include "base/try.h"
#include "base/utf8.h"
#include "model/keys.h"

namespace spind::ops {

Status CopyBatch::fill(TreeReader& tree, const space::Reading& reading) {
  while (items_.size() < kCopyNodesBatch && bytes_ < kCopyBytesBatch) {
    SPIND_TRY_ASSIGN(auto item, tree.next());
    if (!item) break;
    SPIND_TRY(add(*std::move(item), reading));
  }
  std::sort(pieces_.begin(), pieces_.end());
  pieces_.erase(std::unique(pieces_.begin(), pieces_.end()), pieces_.end());
  return {};
}

Status CopyBatch::add(TreeReader::Item read, const space::Reading& reading) {
  open_.resize(read.depth);
  Item item{
      open_.empty() ? Parent{} : open_.back(), std::move(read.name), std::move(read.node), {}};
  if (item.node.kind == NodeKind::folder)
    open_.push_back({0, items_.size()});
  else
    SPIND_TRY(add_content(reading, item));
  bytes_ += item.name.size() + item.row.size();
  items_.push_back(std::move(item));
  return {};
}

// Pieces are shared; a row that holds content, or a list of pieces, belongs to one version.
Status CopyBatch::add_content(const space::Reading& reading, Item& item) {
  const model::ContentRef& content = item.node.current.content;
  if (content.kind == model::ContentKind::piece) pieces_.push_back(content.piece);
  if (!content.has_attachment()) return {};
  SPIND_TRY_ASSIGN(
      auto row, reading.snapshot().get(kv::Family::attachment,
                                       model::attachment_key(reading.space(), content.attachment)));
  if (!row)
    return Error{.code = Code::corruption, .text = "a row of content is missing: " + item.name};
  if (content.kind == model::ContentKind::manifest) {
    SPIND_TRY_ASSIGN(const auto pieces, model::decode_manifest(*row));
    for (const model::Piece& piece : pieces) pieces_.push_back(piece.id);
  } else {
    SPIND_TRY(model::decode_inline(*row));
  }
  item.row = *std::move(row);
  return {};
}

FolderTotals CopyBatch::weight() const {
  FolderTotals sum;
  for (const Item& item : items_) {
    if (item.node.kind == NodeKind::folder) {
      ++sum.folders;
    } else {
      ++sum.files;
      sum.live_bytes += item.node.current.size_bytes;
    }
  }
  return sum;
}

model::NodeRecord CopyBatch::copy(std::size_t index, NodeId id, const Call& call,
                                  const Moment& moment, Decision& decision) const {
  const Item& item = items_[index];
  model::NodeRecord copy;
  copy.id = id;
  copy.kind = item.node.kind;
  copy.creator = call.who.user;
  copy.mtime_ns = item.node.mtime_ns;
  if (copy.kind == NodeKind::folder) return copy;
  copy.current = item.node.current;
  copy.current.number = 1;
  copy.current.written_ms = moment.time_ns / 1'000'000;
  copy.current.entry = moment.number;
  copy.current.author = call.who.user;
  model::ContentRef& content = copy.current.content;
  if (!content.has_attachment()) return copy;
  content.attachment = {moment.number, static_cast<std::uint32_t>(decision.attachments.size())};
  if (content.kind == model::ContentKind::manifest)
    decision.manifests.push_back(sha256(as_bytes(item.row)));
  decision.attachments.push_back(item.row);
  return copy;
}

model::NodeAdded CopyBatch::addition(std::size_t index, NodeId first_id, EntryNumber changed,
                                     const Call& call, const Moment& moment,
                                     Decision& decision) const {
  const Item& item = items_[index];
  model::NodeAdded added{item.parent.in(first_id), item.name,
                         copy(index, first_id + index, call, moment, decision)};
  added.node.changed = changed;
  return added;
}

Status CopyBatch::check_names(space::State& state, std::size_t index, NodeId first_id) const {
  std::unordered_set<std::string> seen;
  for (; index < items_.size(); ++index) {
    const Item& item = items_[index];
    const NodeId parent = item.parent.in(first_id);
    SPIND_TRY_ASSIGN(const auto taken, state.colliding_name(parent, item.name));
    if (taken || !seen.insert(std::to_string(parent) + '/' + name_fold(item.name)).second)
      return Error{.code = Code::already_exists,
                   .text = "names of one folder collide in a space that folds names",
                   .path = item.name};
  }
  return {};
}

void CopyBatch::added(NodeId first_id) {
  for (Parent& folder : open_) folder.id = folder.in(first_id);
  items_.clear();
  pieces_.clear();
  bytes_ = 0;
}

}  // namespace spind::ops
