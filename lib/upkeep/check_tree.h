// The tree of one space: node rows against locators, what folders say against their children, the
// trash and the head.
#pragma once

#include <set>

#include "model/keys.h"
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
    EntryNumber changed = 0;  // the latest of theirs
  };
  // The earlier versions of one file, which lie together.
  struct Versions {
    NodeId node = 0;
    std::uint64_t count = 0, bytes = 0;
    VersionNumber last = 0;
  };
  Status check_nodes();
  // A row of nodes, of the trash, of what was purged or is staged.
  Status broken_record(model::SpaceRow row, std::string_view key, Error error);
  Status check_locator(NodeId parent, std::string_view key, NodeId node);
  Status check_record(const model::NodeRecord& node);
  Status check_has_children(const model::NodeRecord& folder);
  void check_versions_owed(const model::NodeRecord& file);
  Status close_group(const Group& group);
  Status check_trash();
  Status check_trashed(model::SpaceRow row, std::string_view key, const model::NodeRecord& node);
  // The locator of a node that does not hang.
  Status check_detached(Kind kind, model::SpaceRow row, std::string_view key,
                        const model::NodeRecord& node);
  Status check_purged();
  Status note_stagings();
  Status check_staged();
  Status check_locators();
  Status check_gaps();
  Result<std::uint64_t> gaps(NodeId file);
  Status check_versions();
  Status check_marks();
  Status close_versions(const Versions& versions);
  Status check_folded_names();
  // The record of a node, hanging or in the trash; null with a finding if its rows disagree.
  Result<space::NodeRef> find(NodeId node, Kind kind, Mend mend);
  Result<space::NodeRef> find_trashed(NodeId node, const model::AttachmentId& at, Kind kind,
                                      Mend mend);
  Result<std::optional<model::NodeRecord>> detached(const model::AttachmentId& at);

  space::Reading& reading_;
  const model::Head& head_;
  Findings& findings_;
  Steps& steps_;
  std::set<EntryNumber> stagings_;   // that no visible entry has followed yet
  std::uint64_t nodes_ = 0;          // rows of nodes, the root included
  std::uint64_t trashed_ = 0;        // rows of the trash, of what was purged, and of what is staged
  std::uint64_t versions_owed_ = 0;  // earlier versions that records count and no rows have shown
};

}  // namespace spind::upkeep
