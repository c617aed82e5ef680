// What one entry of a copy adds: some nodes of the original, with the rows of their content.
#pragma once

#include "ops/commit.h"
#include "ops/tree_reader.h"

namespace spind::ops {

// Read from a snapshot, outside of the commit; made into changes within it, which may be more than
// once. One thread at a time.
class CopyBatch {
 public:
  struct Source {
    TreeReader& tree;
    const space::Reading& reading;
    // Brings content elsewhere, for one batch; null: pieces are shared.
    content::Carrier* carrier = nullptr;
  };
  // Takes nodes until one of the limits of a batch is reached, or there are no more.
  Status fill(const Source& source);

  bool empty() const { return items_.empty(); }
  std::size_t nodes() const { return items_.size(); }
  // The first node, which is the top in the first batch.
  const model::NodeRecord& first() const { return items_.front().node; }
  // All pieces that it refers to, each once, without those that were brought.
  const std::vector<model::PieceId>& pieces() const { return pieces_; }
  // Names the claim on those.
  const content::Stored& brought() const { return brought_; }
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
  Status add(TreeReader::Item item, const Source& source);
  Status add_content(const Source& source, Item& item);
  Status add_pieces(const Source& source, std::vector<model::Piece> pieces, const Item& item);
  Status take_brought(content::Carrier& carrier);

  std::vector<Item> items_;
  std::vector<model::PieceId> pieces_;
  std::size_t bytes_ = 0;
  std::vector<std::size_t> carried_;  // the items whose content the carrier has
  std::uint64_t carried_bytes_ = 0;
  content::Stored brought_;
  std::vector<Parent> open_;  // the folders that the next node may lie in, by depth
};

}  // namespace spind::ops
