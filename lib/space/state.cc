#include "space/state.h"

#include "base/try.h"
#include "base/utf8.h"
#include "model/keys.h"

namespace spind::space {

using kv::Family;

namespace {

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
    return model::Locator{found->second.node.parent, found->second.node.name, {}};
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
  if (locator.trash.entry != 0) return disagreement("a node in the trash is used as if it hung");
  SPIND_TRY_ASSIGN(const NodeRef record, child(locator.parent, locator.name));
  if (record == nullptr || record->id != id) return disagreement("a locator leads to another node");
  Loaded& loaded = nodes_.at(id);
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

void State::put_trash(const model::AttachmentId& at, const model::TrashRecord& record) {
  rows_.put(Family::state, model::trash_key(space_, at), model::encode(record));
  rows_.put(Family::state, model::locator_key(space_, record.node.id),
            model::encode(model::Locator{0, "", at}));
}

Result<model::TrashRecord> State::take_trash(const model::AttachmentId& at) {
  const std::string key = model::trash_key(space_, at);
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, key));
  if (!bytes) return disagreement("a row of the trash is missing");
  rows_.erase(Family::state, key);
  return model::decode_trash(*bytes);
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

// ---- references and requests ----

Status State::add_references(const model::ContentRef& content, int delta) {
  std::vector<model::Piece> pieces;
  if (content.kind == model::ContentKind::piece) pieces.push_back({content.piece, 0});
  if (content.kind == model::ContentKind::manifest) {
    SPIND_TRY_ASSIGN(
        const auto bytes,
        rows_.get(Family::attachment, model::attachment_key(space_, content.attachment)));
    if (!bytes) return disagreement("a manifest is missing");
    SPIND_TRY_ASSIGN(pieces, model::decode_manifest(*bytes));
  }
  for (const model::Piece& piece : pieces) SPIND_TRY(count_reference(piece.id, delta));
  return {};
}

Status State::count_reference(const model::PieceId& piece, int delta) {
  const std::string key = model::reference_key(space_, piece);
  SPIND_TRY_ASSIGN(const auto bytes, rows_.get(Family::state, key));
  std::uint64_t count = 0;
  if (bytes) {
    SPIND_TRY_ASSIGN(count, model::decode_count(*bytes));
  }
  if (delta < 0 && count == 0) return disagreement("a piece has fewer references than uses");
  if (count == 0 && lets_go_for_ != 0)
    rows_.erase(Family::state, model::kept_key(space_, piece, lets_go_for_));
  count = delta < 0 ? count - 1 : count + 1;
  if (count == 0 && keeps_for_ != 0)
    rows_.put(Family::state, model::kept_key(space_, piece, keeps_for_), "");
  if (count == 0)
    rows_.erase(Family::state, key);
  else
    rows_.put(Family::state, key, model::encode_count(count));
  return {};
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
  write_nodes();
  nodes_.clear();
  return guard_ ? guard_(progress, rows_.memory_bytes()) : Status();
}

void State::write_nodes() {
  for (const auto& [id, loaded] : nodes_) {
    if (!loaded.dirty) continue;
    const Node& node = loaded.node;
    const std::string key = model::node_key(space_, node.parent, node.name);
    if (node.record.kind == NodeKind::folder)
      rows_.put_announced(Family::state, key, model::encode(node.record));
    else
      rows_.put(Family::state, key, model::encode(node.record));
  }
}

void State::flush() {
  write_nodes();
  if (head_) rows_.put(Family::state, model::head_key(space_), model::encode(*head_));
  if (head_gone_) rows_.erase(Family::state, model::head_key(space_));
}

}  // namespace spind::space
