// A space inside a commit: what apply reads and changes.
//
// Loads rows as they are needed, keeps changed node records and the head in memory, and writes each
// once in flush(). Knows how rows hang together (node, locator, folded name), not why they change.
#pragma once

#include <functional>
#include <unordered_map>

#include "kv/kv.h"
#include "model/upload_record.h"
#include "space/node_source.h"

namespace spind::space {

// One thread at a time; lives as long as the body that made it. After an error the commit must not
// go on.
class State final : public NodeSource {
 public:
  State(kv::Transaction& rows, const SpaceId& space);

  const SpaceId& space() const override { return space_; }
  Result<NodeRef> child(NodeId parent, std::string_view name) override;
  Result<model::Locator> locate(NodeId node) override;
  Result<std::optional<model::TrashRecord>> trashed(const model::AttachmentId& at) override;
  Result<std::optional<model::TrashRecord>> purged(const model::AttachmentId& at) override;

  // The space's own rows. not_found before it is created.
  Result<model::Head*> head();  // to be read and changed
  Result<const model::SpaceRecord*> info();
  void create(const model::SpaceRecord& info, const model::NodeRecord& root);
  void uncreate();
  void set_info(const model::SpaceRecord& info);

  // A node that hangs under a folder, to be read and changed. corruption: its rows disagree.
  struct Node {
    NodeId parent = 0;
    std::string name;
    model::NodeRecord record;
  };
  Result<Node*> node(NodeId id);
  bool known(NodeId id) const { return nodes_.contains(id); }

  Status attach(NodeId parent, std::string_view name, model::NodeRecord record);
  Status detach(NodeId id);  // its locator goes too
  Status move(NodeId id, NodeId parent, std::string_view name);

  // The trash: the row of a detached node, and a locator that says so.
  void put_trash(const model::AttachmentId& at, const model::TrashRecord& record);
  Result<model::TrashRecord> take_trash(const model::AttachmentId& at);
  // The same for a subtree that was purged.
  void put_purged(const model::AttachmentId& at, const model::TrashRecord& record);
  Result<model::TrashRecord> take_purged(const model::AttachmentId& at);
  // The top of a subtree that hangs nowhere yet. node() finds it as one without a parent, so what
  // is added below counts up to it; here is its record, or none: it is not staged any more.
  Result<std::optional<model::NodeRecord>> staged(const model::AttachmentId& at);
  void put_staged(const model::AttachmentId& at, model::NodeRecord top);
  // `id` is that of the node that lies there. Its locator goes too.
  Result<model::NodeRecord> take_staged(const model::AttachmentId& at, NodeId id);

  void put_version(NodeId node, const model::VersionRecord& version);
  Result<model::VersionRecord> take_version(NodeId node, VersionNumber number);

  Result<std::optional<model::VersionRecord>> version(NodeId node, VersionNumber number);
  Result<model::MarkRecord> mark(NodeId node, VersionNumber number);
  void set_mark(NodeId node, VersionNumber number, const model::MarkRecord& mark);
  // Counts versions that were removed from among those of a file.
  Status add_gaps(NodeId node, int delta);

  // A property, and whether it has one. A tag's index row goes with it.
  Result<std::optional<std::string>> property(NodeId node, std::string_view key);
  void set_property(NodeId node, std::string_view key, const std::optional<std::string>& value);

  // Counts one reference to each piece of the content more or less.
  Status add_references(const model::ContentRef& content, int delta);
  // The content falls away with the entry `at`; what nothing refers to any more is remembered under
  // it. regain undoes that.
  Status drop(const model::ContentRef& content, EntryNumber at);
  Status regain(const model::ContentRef& content, EntryNumber at);

  // Uploads and their settled pieces; without the references to what they hold.
  Result<std::optional<model::UploadRecord>> upload(EntryNumber number);
  void put_upload(EntryNumber number, const model::UploadRecord& upload);
  void erase_upload(EntryNumber number);
  void put_settled(EntryNumber upload, std::uint64_t offset, const model::Piece& piece);
  void erase_settled(EntryNumber upload, std::uint64_t offset);

  // The row beside an entry that holds inline content or a manifest.
  Result<std::string> attachment(const model::AttachmentId& id);
  // From now on a piece whose last reference goes is remembered under the entry `rewind` too, since
  // undoing it would bring the piece back; or, where that rewind itself is undone, one whose first
  // reference comes is so no more. 0: neither, as at first.
  void keep_pieces_for(EntryNumber rewind) { keeps_for_ = rewind, lets_go_for_ = 0; }
  void let_go_of_pieces_for(EntryNumber rewind) { lets_go_for_ = rewind, keeps_for_ = 0; }

  // What is known of a rewind without its entry.
  void put_rewind(EntryNumber number, EntryNumber to);
  void erase_rewind(EntryNumber number);

  void put_request(std::string_view principal, std::string_view request_id, EntryNumber entry);
  void erase_request(std::string_view principal, std::string_view request_id);
  Result<std::optional<EntryNumber>> request(std::string_view principal,
                                             std::string_view request_id);

  // Whether a child's name collides under the space's name rule, and with which name.
  Result<std::optional<std::string>> colliding_name(NodeId parent, std::string_view name);

  // Asked between the steps of a change that has many, with the memory that it takes so far, about;
  // an error ends it.
  using Guard = std::function<Status(const Progress& progress, std::size_t memory_bytes)>;
  void set_guard(Guard guard) { guard_ = std::move(guard); }
  // Where many nodes are known: writes those that changed and forgets all, so that a long change
  // takes little more memory than what it writes. Then asks the guard. Nodes must be looked up
  // again.
  Status rest(const Progress& progress);

  // What the state is read from, and the journal beside it.
  const kv::View& rows() const { return rows_; }

  // Writes what changed. Nothing is read or changed after.
  void flush();

 private:
  struct Loaded {
    Node node;
    bool dirty = false;
    model::AttachmentId staged{};  // entry 0: it hangs; else its row
  };
  Result<std::vector<model::Piece>> pieces_of(const model::ContentRef& content);
  // Counts one reference more or less, and gives the new count.
  Result<std::uint64_t> add_reference(const model::PieceId& piece, int delta);
  // The two rows that say that the piece's last reference fell away with the entry `at`.
  void remember_dropped(const model::PieceId& piece, EntryNumber at);
  void forget_dropped(const model::PieceId& piece, EntryNumber at);
  Result<Node*> staged_node(NodeId id, const model::AttachmentId& at);
  Result<std::optional<model::TrashRecord>> detached(const std::string& key);
  Result<model::TrashRecord> take_detached(const std::string& key);
  void put_detached(const std::string& key, const model::AttachmentId& at,
                    const model::TrashRecord& record);
  void write_nodes();
  Status set_folded(NodeId parent, std::string_view name, bool present);
  void erase_node_row(const Node& node);
  void flush_head();
  Loaded& remember(NodeId parent, std::string_view name, model::NodeRecord record);

  kv::Transaction& rows_;
  SpaceId space_;
  std::unordered_map<NodeId, Loaded> nodes_;
  std::optional<model::Head> head_;
  EntryNumber visible_before_ = 0;
  bool head_gone_ = false;
  std::optional<model::SpaceRecord> info_;
  EntryNumber keeps_for_ = 0, lets_go_for_ = 0;
  Guard guard_;
};

}  // namespace spind::space
