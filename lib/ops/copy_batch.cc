#include "ops/copy_batch.h"

#include <algorithm>
#include <unordered_set>

#include "base/hash.h"
#include "base/limits.h"
#include "base/try.h"
#include "base/utf8.h"
#include "model/keys.h"
#include "ops/put.h"

namespace spind::ops {

Status CopyBatch::fill(const Source& source) {
  while (items_.size() < kCopyNodesBatch && bytes_ < kCopyBytesBatch &&
         carried_bytes_ < kCopyCarriedBytesBatch) {
    SPIND_TRY_ASSIGN(auto item, source.tree.next());
    if (!item) break;
    if (Status added = add(*std::move(item), source); !added.ok()) {
      Error error = std::move(added).error();
      if (is_damage(error) && error.path.empty()) error.path = source.tree.path();
      return error;
    }
  }
  if (source.carrier != nullptr) return take_brought(*source.carrier);
  std::sort(pieces_.begin(), pieces_.end());
  pieces_.erase(std::unique(pieces_.begin(), pieces_.end()), pieces_.end());
  return {};
}

Status CopyBatch::add(TreeReader::Item read, const Source& source) {
  open_.resize(read.depth);
  Item item{
      open_.empty() ? Parent{} : open_.back(), std::move(read.name), std::move(read.node), {}};
  if (item.node.kind == NodeKind::folder)
    open_.push_back({0, items_.size()});
  else
    SPIND_TRY(add_content(source, item));
  bytes_ += item.name.size() + item.row.size();
  items_.push_back(std::move(item));
  return {};
}

// A row that holds content, or a list of pieces, belongs to one version.
Status CopyBatch::add_content(const Source& source, Item& item) {
  const model::ContentRef& content = item.node.current.content;
  if (content.kind == model::ContentKind::piece)
    return add_pieces(source, {{content.piece, item.node.current.size_bytes}}, item);
  if (!content.has_attachment()) return {};
  SPIND_TRY_ASSIGN(auto row,
                   source.reading.snapshot().get(
                       kv::Family::attachment,
                       model::attachment_key(source.reading.space(), content.attachment)));
  if (!row)
    return Error{.code = Code::corruption, .text = "a row of content is missing: " + item.name};
  if (content.kind == model::ContentKind::manifest) {
    SPIND_TRY_ASSIGN(auto pieces, model::decode_manifest(*row));
    SPIND_TRY(add_pieces(source, std::move(pieces), item));
  } else {
    SPIND_TRY(model::decode_inline(*row));
  }
  item.row = *std::move(row);
  return {};
}

// Pieces are shared, or brought. The item will be the next one of the batch.
Status CopyBatch::add_pieces(const Source& source, std::vector<model::Piece> pieces,
                             const Item& item) {
  if (source.carrier == nullptr) {
    for (const model::Piece& piece : pieces) pieces_.push_back(piece.id);
    return {};
  }
  const model::VersionRecord& version = item.node.current;
  carried_.push_back(items_.size());
  carried_bytes_ += version.size_bytes;
  // It may come as content that is kept inline.
  if (version.size_bytes <= kInlineBytesMax) bytes_ += version.size_bytes;
  return source.carrier->add(
      {std::move(pieces), version.size_bytes, version.sha256, source.tree.path()});
}

Status CopyBatch::take_brought(content::Carrier& carrier) {
  SPIND_TRY_ASSIGN(content::Brought brought, carrier.finish());
  for (std::size_t i = 0; i < carried_.size(); ++i) {
    NamedContent named = name_content(brought.files[i]);
    brought.files[i] = {};
    Item& item = items_[carried_[i]];
    item.node.current.content = named.content;
    item.row = std::move(named.row);
  }
  brought_ = std::move(brought.claimed);
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
  carried_.clear();
  carried_bytes_ = 0;
  brought_ = {};
}

}  // namespace spind::ops
