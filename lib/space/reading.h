// A space as one durable snapshot has it.
#pragma once

#include "kv/kv.h"
#include "space/row_cache.h"

namespace spind::space {

// One thread at a time. Holds its snapshot.
class Reading final : public NodeSource {
 public:
  Reading(kv::SnapshotRef snapshot, RowCache& cache, const SpaceId& space);

  const SpaceId& space() const override { return space_; }
  const kv::Snapshot& snapshot() const { return *snapshot_; }
  const kv::SnapshotRef& snapshot_ref() const { return snapshot_; }

  // not_found: there is no such space.
  Result<SpaceRef> info();
  Result<model::Head> head();
  // The head's visible number, mostly from memory. Asked for after info().
  Result<EntryNumber> visible();
  Result<NodeRef> child(NodeId parent, std::string_view name) override;
  Result<model::Locator> locate(NodeId node) override;
  Result<std::optional<model::TrashRecord>> trashed(const model::AttachmentId& at) override;
  Result<std::optional<model::TrashRecord>> purged(const model::AttachmentId& at) override;
  // The top of what is staged there, or none.
  Result<std::optional<model::NodeRecord>> staged(const model::AttachmentId& at);
  // An earlier version, or none.
  Result<std::optional<model::VersionRecord>> version(NodeId node, VersionNumber number);

 private:
  Result<std::optional<model::TrashRecord>> detached(const std::string& key);

  kv::SnapshotRef snapshot_;
  RowCache& cache_;
  SpaceId space_;
  EntryNumber visible_ = 0;  // 0: not known
};

}  // namespace spind::space
