// What one entry of a copy adds: some nodes of the original, with the rows of their content.
#pragma once

#include "ops/commit.h"
#include "ops/tree_reader.h"

namespace spind::ops {

// Read from a snapshot, outside of the commit; made into changes within it, which may be more than
// once. One thread at a time.
class CopyBatch {
 public:
  // Takes nodes until one of the limits of a batch is reached, or there are no more.
  Status fill(TreeReader& tree, const space::Reading& reading);

  bool empty() const { return items_.empty(); }
  std::size_t nodes() const { return items_.size(); }
  // The first node, which is the top in the first batch.
  const model::NodeRecord& first() const { return items_.front().node; }
  // All pieces that it refers to, each once.
  const std::vector<model::PieceId>& pieces() const { return pieces_; }
  // What it adds to the totals of a folder above it.
  FolderTotals weight() const;

  // The copy of a node of it, with its content's row added to the decision. Without `changed`.
  model::NodeRecord copy(std::size_t index, NodeId id, const Call& call, const Moment& moment,
                         Decision& decision) const;
  // The change that adds a node below the top. Ids are counted up from `first_id`; `changed` is the
  // entry that staged the top.
  model::NodeAdded addition(std::size_t index, NodeId first_id, EntryNumber changed,
                            const Call& call, const Moment& moment, Decision& decision) const;
  // already_exists: names from `index` on collide with each other, or with what is there.
  Status check_names(space::State& state, std::size_t index, NodeId first_id) const;

  // The batch was added with these ids; it is empty now, and the next ones may lie below.
  void added(NodeId first_id);

 private:
  // The copy of a folder: its id, or its place in the batch where it has none yet.
  struct Parent {
    NodeId id = 0;
    std::size_t index = 0;
    NodeId in(NodeId first_id) const { return id != 0 ? id : first_id + index; }
  };
  struct Item {
    Parent parent;
    std::string name;
    model::NodeRecord node;
    std::string row;  // of its content, if that is an attachment
  };
  Status add(TreeReader::Item item, const space::Reading& reading);
  Status add_content(const space::Reading& reading, Item& item);

  std::vector<Item> items_;
  std::vector<model::PieceId> pieces_;
  std::size_t bytes_ = 0;
  std::vector<Parent> open_;  // the folders that the next node may lie in, by depth
};

}  // namespace spind::ops
