#include "space/state.h"

#include "base/try.h"
#include "base/utf8.h"
#include "model/keys.h"

namespace spind::space {

using kv::Family;

namespace {

// Nodes that a long change keeps at hand: its folders come again and again.
constexpr std::size_t kNodesKeptMax = 4096;

Error disagreement(std::string text) { return {.code = Code::corruption, .text = std::move(text)}; }

}  // namespace

State::State(kv::Transaction& rows, const SpaceId& space) : rows_(rows), space_(space) {}

// ---- looking up ----

Result<NodeRef> State::child(NodeId parent, std::string_view name) {
  const std::string key = model::node_key(space_, parent, name);
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, key));
  if (!bytes) return NodeRef{};
  SPIND_TRY_ASSIGN(auto record, model::decode_node(*bytes));
  const NodeId id = record.id;
  const Loaded& loaded =
      nodes_.contains(id) ? nodes_.at(id) : remember(parent, name, std::move(record));
  return std::make_shared<const model::NodeRecord>(loaded.node.record);
}

Result<model::Locator> State::locate(NodeId node) {
  if (node == kRootNode) return model::Locator{};
  if (const auto found = nodes_.find(node); found != nodes_.end())
    return model::Locator{found->second.node.parent, found->second.node.name, found->second.staged};
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, model::locator_key(space_, node)));
  if (!bytes) return Error{.code = Code::not_found, .text = "no such node"};
  return model::decode_locator(*bytes);
}

Result<State::Node*> State::node(NodeId id) {
  if (const auto found = nodes_.find(id); found != nodes_.end()) {
    found->second.dirty = true;
    return &found->second.node;
  }
  SPIND_TRY_ASSIGN(const model::Locator locator, locate(id));
  if (locator.trash.entry != 0) return staged_node(id, locator.trash);
  SPIND_TRY_ASSIGN(const NodeRef record, child(locator.parent, locator.name));
  if (record == nullptr || record->id != id) return disagreement("a locator leads to another node");
  Loaded& loaded = nodes_.at(id);
  loaded.dirty = true;
  return &loaded.node;
}

Result<State::Node*> State::staged_node(NodeId id, const model::AttachmentId& at) {
  SPIND_TRY_ASSIGN(auto top, staged(at));
  if (!top || top->id != id) return disagreement("a node in the trash is used as if it hung");
  Loaded& loaded = remember(0, "", *std::move(top));
  loaded.staged = at;
  loaded.dirty = true;
  return &loaded.node;
}

State::Loaded& State::remember(NodeId parent, std::string_view name, model::NodeRecord record) {
  const NodeId id = record.id;
  return nodes_[id] = Loaded{{parent, std::string(name), std::move(record)}, false};
}

// ---- the space's own rows ----

Result<model::Head*> State::head() {
  if (!head_) {
    SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, model::head_key(space_)));
    if (!bytes) return no_such_space(space_);
    SPIND_TRY_ASSIGN(head_, model::decode_head(*bytes));
    visible_before_ = head_->visible;
  }
  return &*head_;
}

Result<const model::SpaceRecord*> State::info() {
  if (!info_) {
    SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, model::info_key(space_)));
    if (!bytes) return no_such_space(space_);
    SPIND_TRY_ASSIGN(info_, model::decode_space(*bytes));
  }
  return &*info_;
}

void State::create(const model::SpaceRecord& info, const model::NodeRecord& root) {
  head_.emplace();
  set_info(info);
  remember(0, "", root).dirty = true;
}

void State::uncreate() {
  erase_node_row(nodes_.at(kRootNode).node);
  nodes_.clear();
  head_.reset();
  head_gone_ = true;
  info_.reset();
  rows_.erase_announced(Family::state, model::info_key(space_));
}

void State::set_info(const model::SpaceRecord& info) {
  info_ = info;
  rows_.put_announced(Family::state, model::info_key(space_), model::encode(info));
}

// ---- nodes ----

Status State::attach(NodeId parent, std::string_view name, model::NodeRecord record) {
  const NodeId id = record.id;
  SPIND_TRY(set_folded(parent, name, true));
  rows_.put(Family::state, model::locator_key(space_, id),
            model::encode(model::Locator{parent, std::string(name), {}}));
  Loaded& loaded = remember(parent, name, std::move(record));
  loaded.dirty = true;
  return {};
}

Status State::detach(NodeId id) {
  SPIND_TRY_ASSIGN(Node * node, this->node(id));
  SPIND_TRY(set_folded(node->parent, node->name, false));
  erase_node_row(*node);
  rows_.erase(Family::state, model::locator_key(space_, id));
  nodes_.erase(id);
  return {};
}

Status State::move(NodeId id, NodeId parent, std::string_view name) {
  SPIND_TRY_ASSIGN(Node * node, this->node(id));
  model::NodeRecord record = node->record;
  SPIND_TRY(detach(id));
  return attach(parent, name, std::move(record));
}

void State::erase_node_row(const Node& node) {
  const std::string key = model::node_key(space_, node.parent, node.name);
  if (node.record.kind == NodeKind::folder)
    rows_.erase_announced(Family::state, key);
  else
    rows_.erase(Family::state, key);
}

Status State::set_folded(NodeId parent, std::string_view name, bool present) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, this->info());
  if (info->names != NameRule::folded) return {};
  const std::string key = model::folded_key(space_, parent, name_fold(name));
  if (present)
    rows_.put(Family::state, key, name);
  else
    rows_.erase(Family::state, key);
  return {};
}

Result<std::optional<std::string>> State::colliding_name(NodeId parent, std::string_view name) {
  SPIND_TRY_ASSIGN(const model::SpaceRecord* info, this->info());
  if (info->names != NameRule::folded) return std::optional<std::string>{};
  SPIND_TRY_ASSIGN(auto taken,
                   rows_.get(Family::state, model::folded_key(space_, parent, name_fold(name))));
  if (taken && *taken == name) taken.reset();
  return taken;
}

// ---- trash and versions ----

Result<std::optional<model::TrashRecord>> State::detached(const std::string& key) {
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, key));
  if (!bytes) return std::optional<model::TrashRecord>{};
  SPIND_TRY_ASSIGN(auto record, model::decode_trash(*bytes));
  return std::optional(std::move(record));
}

Result<model::TrashRecord> State::take_detached(const std::string& key) {
  SPIND_TRY_ASSIGN(auto record, detached(key));
  if (!record) return disagreement("a row of the trash is missing");
  rows_.erase(Family::state, key);
  return *std::move(record);
}

void State::put_detached(const std::string& key, const model::AttachmentId& at,
                         const model::TrashRecord& record) {
  rows_.put(Family::state, key, model::encode(record));
  rows_.put(Family::state, model::locator_key(space_, record.node.id),
            model::encode(model::Locator{0, "", at}));
}

Result<std::optional<model::TrashRecord>> State::trashed(const model::AttachmentId& at) {
  return detached(model::trash_key(space_, at));
}

Result<std::optional<model::TrashRecord>> State::purged(const model::AttachmentId& at) {
  return detached(model::purged_key(space_, at));
}

void State::put_trash(const model::AttachmentId& at, const model::TrashRecord& record) {
  put_detached(model::trash_key(space_, at), at, record);
}

Result<model::TrashRecord> State::take_trash(const model::AttachmentId& at) {
  return take_detached(model::trash_key(space_, at));
}

void State::put_purged(const model::AttachmentId& at, const model::TrashRecord& record) {
  put_detached(model::purged_key(space_, at), at, record);
}

Result<model::TrashRecord> State::take_purged(const model::AttachmentId& at) {
  return take_detached(model::purged_key(space_, at));
}

Result<std::optional<model::NodeRecord>> State::staged(const model::AttachmentId& at) {
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, model::staged_key(space_, at)));
  if (!bytes) return std::optional<model::NodeRecord>{};
  SPIND_TRY_ASSIGN(auto top, model::decode_node(*bytes));
  if (const auto found = nodes_.find(top.id); found != nodes_.end())
    return std::optional(found->second.node.record);
  return std::optional(std::move(top));
}

void State::put_staged(const model::AttachmentId& at, model::NodeRecord top) {
  const NodeId id = top.id;
  rows_.put(Family::state, model::staged_key(space_, at), model::encode(top));
  rows_.put(Family::state, model::locator_key(space_, id),
            model::encode(model::Locator{0, "", at}));
  Loaded& loaded = remember(0, "", std::move(top));
  loaded.staged = at;
}

Result<model::NodeRecord> State::take_staged(const model::AttachmentId& at, NodeId id) {
  SPIND_TRY_ASSIGN(auto top, staged(at));
  if (!top || top->id != id) return disagreement("a staged subtree is missing");
  rows_.erase(Family::state, model::staged_key(space_, at));
  rows_.erase(Family::state, model::locator_key(space_, id));
  nodes_.erase(id);
  return *std::move(top);
}

void State::put_version(NodeId node, const model::VersionRecord& version) {
  rows_.put(Family::state, model::version_key(space_, node, version.number),
            model::encode(version));
}

Result<model::VersionRecord> State::take_version(NodeId node, VersionNumber number) {
  const std::string key = model::version_key(space_, node, number);
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, key));
  if (!bytes) return disagreement("an earlier version is missing");
  rows_.erase(Family::state, key);
  return model::decode_version(*bytes);
}

Result<std::optional<model::VersionRecord>> State::version(NodeId node, VersionNumber number) {
  SPIND_TRY_ASSIGN(const auto bytes,
                   rows_.get(Family::state, model::version_key(space_, node, number)));
  if (!bytes) return std::optional<model::VersionRecord>{};
  SPIND_TRY_ASSIGN(auto version, model::decode_version(*bytes));
  return std::optional(std::move(version));
}

Result<model::MarkRecord> State::mark(NodeId node, VersionNumber number) {
  SPIND_TRY_ASSIGN(const auto bytes,
                   rows_.get(Family::state, model::mark_key(space_, node, number)));
  if (!bytes) return model::MarkRecord{};
  return model::decode_mark(*bytes);
}

void State::set_mark(NodeId node, VersionNumber number, const model::MarkRecord& mark) {
  const std::string key = model::mark_key(space_, node, number);
  if (mark.says_nothing())
    rows_.erase(Family::state, key);
  else
    rows_.put(Family::state, key, model::encode(mark));
}

Status State::add_gaps(NodeId node, int delta) {
  const std::string key = model::gaps_key(space_, node);
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, key));
  std::uint64_t count = 0;
  if (bytes) {
    SPIND_TRY_ASSIGN(count, model::decode_count(*bytes));
  }
  if (delta < 0 && count == 0) return disagreement("more versions come back than were removed");
  count = delta < 0 ? count - 1 : count + 1;
  if (count == 0)
    rows_.erase(Family::state, key);
  else
    rows_.put(Family::state, key, model::encode_count(count));
  return {};
}

// ---- properties ----

Result<std::optional<std::string>> State::property(NodeId node, std::string_view key) {
  SPIND_TRY_ASSIGN(const auto bytes,
                   rows_.get(Family::state, model::property_key(space_, node, key)));
  if (!bytes) return std::optional<std::string>{};
  SPIND_TRY_ASSIGN(const std::string_view value, model::decode_property(*bytes));
  return std::optional<std::string>(value);
}

void State::set_property(NodeId node, std::string_view key,
                         const std::optional<std::string>& value) {
  const auto set = [this](const std::string& row, const std::optional<std::string>& bytes) {
    if (bytes)
      rows_.put(Family::state, row, *bytes);
    else
      rows_.erase(Family::state, row);
  };
  const std::string row = model::property_key(space_, node, key);
  set(row, value ? std::optional(model::encode_property(*value)) : std::nullopt);
  if (const auto tag = model::tag_of(key))
    set(model::tagged_key(space_, *tag, node),
        value ? std::optional<std::string>("") : std::nullopt);
}

// ---- references and requests ----

Result<std::string> State::attachment(const model::AttachmentId& id) {
  SPIND_TRY_ASSIGN(auto bytes, rows_.get(Family::attachment, model::attachment_key(space_, id)));
  if (!bytes) return disagreement("an attachment is missing");
  return *std::move(bytes);
}

Result<std::vector<model::Piece>> State::pieces_of(const model::ContentRef& content) {
  if (content.kind == model::ContentKind::piece)
    return std::vector<model::Piece>{{content.piece, 0}};
  if (content.kind != model::ContentKind::manifest) return std::vector<model::Piece>{};
  SPIND_TRY_ASSIGN(const std::string bytes, attachment(content.attachment));
  return model::decode_manifest(bytes);
}

Result<std::uint64_t> State::add_reference(const model::PieceId& piece, int delta) {
  const std::string key = model::reference_key(space_, piece);
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, key));
  std::uint64_t count = 0;
  if (bytes) {
    SPIND_TRY_ASSIGN(count, model::decode_count(*bytes));
  }
  if (delta < 0 && count == 0) return disagreement("a piece has fewer references than uses");
  if (count == 0 && lets_go_for_ != 0) forget_dropped(piece, lets_go_for_);
  count = delta < 0 ? count - 1 : count + 1;
  if (count == 0 && keeps_for_ != 0) remember_dropped(piece, keeps_for_);
  if (count == 0)
    rows_.erase(Family::state, key);
  else
    rows_.put(Family::state, key, model::encode_count(count));
  return count;
}

Status State::add_references(const model::ContentRef& content, int delta) {
  SPIND_TRY_ASSIGN(const auto pieces, pieces_of(content));
  for (const model::Piece& piece : pieces) SPIND_TRY(add_reference(piece.id, delta));
  return {};
}

void State::remember_dropped(const model::PieceId& piece, EntryNumber at) {
  rows_.put(Family::state, model::dropped_key(space_, at, piece), "");
  rows_.put(Family::state, model::kept_key(space_, piece, at), "");
}

void State::forget_dropped(const model::PieceId& piece, EntryNumber at) {
  rows_.erase(Family::state, model::dropped_key(space_, at, piece));
  rows_.erase(Family::state, model::kept_key(space_, piece, at));
}

Status State::drop(const model::ContentRef& content, EntryNumber at) {
  SPIND_TRY_ASSIGN(const auto pieces, pieces_of(content));
  for (const model::Piece& piece : pieces) {
    SPIND_TRY_ASSIGN(const std::uint64_t count, add_reference(piece.id, -1));
    if (count == 0) remember_dropped(piece.id, at);
  }
  if (content.has_attachment())
    rows_.put(Family::state, model::unused_key(space_, at, content.attachment), "");
  return {};
}

Status State::regain(const model::ContentRef& content, EntryNumber at) {
  SPIND_TRY_ASSIGN(const auto pieces, pieces_of(content));
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    SPIND_TRY_ASSIGN(const std::uint64_t count, add_reference(piece->id, +1));
    if (count == 1) forget_dropped(piece->id, at);
  }
  if (content.has_attachment())
    rows_.erase(Family::state, model::unused_key(space_, at, content.attachment));
  return {};
}

void State::put_rewind(EntryNumber number, EntryNumber to) {
  rows_.put(Family::state, model::rewind_key(space_, number), model::encode_count(to));
}

void State::erase_rewind(EntryNumber number) {
  rows_.erase(Family::state, model::rewind_key(space_, number));
}

Result<std::optional<model::UploadRecord>> State::upload(EntryNumber number) {
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, model::upload_key(space_, number)));
  if (!bytes) return std::optional<model::UploadRecord>{};
  SPIND_TRY_ASSIGN(auto upload, model::decode_upload(*bytes));
  return std::optional(std::move(upload));
}

void State::put_upload(EntryNumber number, const model::UploadRecord& upload) {
  rows_.put(Family::state, model::upload_key(space_, number), model::encode(upload));
}

void State::erase_upload(EntryNumber number) {
  rows_.erase(Family::state, model::upload_key(space_, number));
}

void State::put_settled(EntryNumber upload, std::uint64_t offset, const model::Piece& piece) {
  rows_.put(Family::state, model::settled_key(space_, upload, offset),
            model::encode_manifest({piece}));
}

void State::erase_settled(EntryNumber upload, std::uint64_t offset) {
  rows_.erase(Family::state, model::settled_key(space_, upload, offset));
}

void State::put_request(std::string_view principal, std::string_view request_id,
                        EntryNumber entry) {
  rows_.put(Family::state, model::request_key(space_, principal, request_id),
            model::encode_count(entry));
}

void State::erase_request(std::string_view principal, std::string_view request_id) {
  rows_.erase(Family::state, model::request_key(space_, principal, request_id));
}

Result<std::optional<EntryNumber>> State::request(std::string_view principal,
                                                  std::string_view request_id) {
  SPIND_TRY_ASSIGN(const auto bytes,
                   rows_.get(Family::state, model::request_key(space_, principal, request_id)));
  if (!bytes) return std::optional<EntryNumber>{};
  SPIND_TRY_ASSIGN(const std::uint64_t entry, model::decode_count(*bytes));
  return std::optional<EntryNumber>(entry);
}

Status State::rest(const Progress& progress) {
  if (nodes_.size() > kNodesKeptMax) {
    write_nodes();
    nodes_.clear();
  }
  return guard_ ? guard_(progress, rows_.memory_bytes() + nodes_.size() * sizeof(Loaded))
                : Status();
}

// Those who wait for the space are told by its head, and only of what readers can see.
void State::flush_head() {
  const std::string key = model::head_key(space_);
  if (head_gone_) return rows_.erase_announced(Family::state, key);
  if (!head_) return;
  if (head_->visible != visible_before_)
    rows_.put_announced(Family::state, key, model::encode(*head_));
  else
    rows_.put(Family::state, key, model::encode(*head_));
}

void State::write_nodes() {
  for (const auto& [id, loaded] : nodes_) {
    if (!loaded.dirty) continue;
    const Node& node = loaded.node;
    if (loaded.staged.entry != 0) {
      rows_.put(Family::state, model::staged_key(space_, loaded.staged),
                model::encode(node.record));
      continue;
    }
    const std::string key = model::node_key(space_, node.parent, node.name);
    if (node.record.kind == NodeKind::folder)
      rows_.put_announced(Family::state, key, model::encode(node.record));
    else
      rows_.put(Family::state, key, model::encode(node.record));
  }
}

void State::flush() {
  write_nodes();
  flush_head();
}

}  // namespace spind::space
