#include "space/reading.h"

#include "base/try.h"
#include "model/keys.h"

namespace spind::space {

using kv::Family;

Reading::Reading(kv::SnapshotRef snapshot, RowCache& cache, const SpaceId& space)
    : snapshot_(std::move(snapshot)), cache_(cache), space_(space) {}

Result<SpaceRef> Reading::info() {
  const std::string key = model::info_key(space_);
  if (KnownSpace known = cache_.space(snapshot_->ticket(), key); known.record) {
    visible_ = known.visible;
    return std::move(known.record);
  }
  SPIND_TRY_ASSIGN(const auto bytes, snapshot_->get(Family::state, key));
  if (!bytes) return no_such_space(space_);
  SPIND_TRY_ASSIGN(auto record, model::decode_space(*bytes));
  auto space = std::make_shared<const model::SpaceRecord>(std::move(record));
  cache_.remember(snapshot_->ticket(), key, space);
  return space;
}

Result<model::Head> Reading::head() {
  SPIND_TRY_ASSIGN(const auto bytes, snapshot_->get(Family::state, model::head_key(space_)));
  if (!bytes) return no_such_space(space_);
  return model::decode_head(*bytes);
}

Result<EntryNumber> Reading::visible() {
  if (visible_ != 0) return visible_;
  SPIND_TRY_ASSIGN(const model::Head found, head());
  cache_.remember_visible(snapshot_->ticket(), model::info_key(space_), found.visible);
  return found.visible;
}

Result<NodeRef> Reading::child(NodeId parent, std::string_view name) {
  const std::string key = model::node_key(space_, parent, name);
  if (NodeRef known = cache_.folder(snapshot_->ticket(), key)) return known;
  SPIND_TRY_ASSIGN(const auto bytes, snapshot_->get(Family::state, key));
  if (!bytes) return NodeRef{};
  SPIND_TRY_ASSIGN(auto record, model::decode_node(*bytes));
  auto node = std::make_shared<const model::NodeRecord>(std::move(record));
  if (node->kind == NodeKind::folder) cache_.remember(snapshot_->ticket(), key, node);
  return node;
}

Result<model::Locator> Reading::locate(NodeId node) {
  if (node == kRootNode) return model::Locator{};
  SPIND_TRY_ASSIGN(const auto bytes,
                   snapshot_->get(Family::state, model::locator_key(space_, node)));
  if (!bytes) return Error{.code = Code::not_found, .text = "no such node"};
  return model::decode_locator(*bytes);
}

Result<std::optional<model::TrashRecord>> Reading::trashed(const model::AttachmentId& at) {
  return detached(model::trash_key(space_, at));
}

Result<std::optional<model::TrashRecord>> Reading::purged(const model::AttachmentId& at) {
  return detached(model::purged_key(space_, at));
}

Result<std::optional<model::TrashRecord>> Reading::detached(const std::string& key) {
  SPIND_TRY_ASSIGN(const auto bytes, snapshot_->get(Family::state, key));
  if (!bytes) return std::optional<model::TrashRecord>{};
  SPIND_TRY_ASSIGN(auto record, model::decode_trash(*bytes));
  return std::optional(std::move(record));
}

Result<std::optional<model::NodeRecord>> Reading::staged(const model::AttachmentId& at) {
  SPIND_TRY_ASSIGN(const auto bytes, snapshot_->get(Family::state, model::staged_key(space_, at)));
  if (!bytes) return std::optional<model::NodeRecord>{};
  SPIND_TRY_ASSIGN(auto record, model::decode_node(*bytes));
  return std::optional(std::move(record));
}

Result<std::optional<model::VersionRecord>> Reading::version(NodeId node, VersionNumber number) {
  SPIND_TRY_ASSIGN(const auto bytes,
                   snapshot_->get(Family::state, model::version_key(space_, node, number)));
  if (!bytes) return std::optional<model::VersionRecord>{};
  SPIND_TRY_ASSIGN(auto record, model::decode_version(*bytes));
  return std::optional(std::move(record));
}

}  // namespace spind::space
