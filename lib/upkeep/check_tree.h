// The tree of one space: node rows against locators, folder totals, versions, the trash and the head.
#pragma once

#include "space/reading.h"
#include "upkeep/findings.h"

namespace spind::upkeep {

// One thread at a time.
class TreeCheck {
 public:
  TreeCheck(space::Reading& reading, const model::Head& head, Findings& findings, Steps& steps);
  Status run();
  std::uint64_t nodes() const { return nodes_; }

 private:
  // The children of one folder, which lie together.
  struct Group {
    NodeId parent = 0;
    FolderTotals sum;
  };
  Status check_nodes();
  Status check_node(NodeId parent, std::string_view name, const model::NodeRecord& node);
  Status check_has_children(const model::NodeRecord& folder);
  Status close_group(const Group& group);
  Status check_locators();
  Status check_trash();
  Status check_versions();
  Status close_versions(NodeId node, std::uint64_t bytes);
  Status check_folded_names();
  // The record of a node, hanging or in the trash; null with a finding if its rows disagree.
  Result<space::NodeRef> find(NodeId node, std::string_view kind);

  space::Reading& reading_;
  const model::Head& head_;
  Findings& findings_;
  Steps& steps_;
  std::uint64_t nodes_ = 0;        // rows of nodes, the root included
  std::uint64_t trashed_ = 0;      // rows of the trash
};

}  // namespace spind::upkeep
