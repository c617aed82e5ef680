// Where nodes are looked up: a durable snapshot with the folder cache (reading.h), or the inside of
// a commit (state.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/records.h"

namespace spind::space {

// not_found.
Error no_such_space(const SpaceId& space);
// limit_exceeded.
Error too_deep();

// Shared, immutable; null: there is no such node.
using NodeRef = std::shared_ptr<const model::NodeRecord>;

// A node and where it hangs.
struct Place {
  NodeId parent = 0;
  std::string name;
  NodeRef node;
};

// One thread at a time.
class NodeSource {
 public:
  virtual ~NodeSource() = default;
  virtual const SpaceId& space() const = 0;
  virtual Result<NodeRef> child(NodeId parent, std::string_view name) = 0;
  // Where a node hangs; a locator of the trash for one that was removed. not_found if it never was.
  virtual Result<model::Locator> locate(NodeId node) = 0;
  // The row of the trash that a locator leads to, or none: then the node was purged, or restored.
  virtual Result<std::optional<model::TrashRecord>> trashed(const model::AttachmentId& at) = 0;
  // The row of a purged subtree, while there is one.
  virtual Result<std::optional<model::TrashRecord>> purged(const model::AttachmentId& at) = 0;
};

}  // namespace spind::space
