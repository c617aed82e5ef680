#include "upkeep/mend_rows.h"

#include "base/try.h"

namespace spind::upkeep {

using kv::Family;
using model::SpaceRow;

namespace {

constexpr SpaceRow kDetached[] = {SpaceRow::trash, SpaceRow::purged, SpaceRow::staged};

bool is_plain(SpaceRow row) { return row == SpaceRow::node || row == SpaceRow::staged; }

}  // namespace

NodeId id_in_row(SpaceRow row, std::string_view bytes) {
  if (is_plain(row)) {
    const auto node = model::decode_node(bytes);
    return node.ok() ? node->id : 0;
  }
  const auto trash = model::decode_trash(bytes);
  return trash.ok() ? trash->node.id : 0;
}

bool can_be_read(SpaceRow row, std::string_view bytes) {
  return is_plain(row) ? model::decode_node(bytes).ok() : model::decode_trash(bytes).ok();
}

std::string key_of_detached(const SpaceId& space, SpaceRow row, const model::AttachmentId& at) {
  if (row == SpaceRow::trash) return model::trash_key(space, at);
  return row == SpaceRow::purged ? model::purged_key(space, at) : model::staged_key(space, at);
}

NodeId parent_in_node_key(std::string_view key) {
  const std::string_view name = model::name_in_node_key(key);
  return model::last_u64_in(key.substr(0, key.size() - name.size()));
}

Result<std::optional<NodePlace>> find_node(const kv::View& rows, const SpaceId& space, NodeId id) {
  const auto nowhere = std::optional<NodePlace>();
  model::Locator locator;
  if (id != kRootNode) {
    SPIND_TRY_ASSIGN(const auto row, rows.get(Family::state, model::locator_key(space, id)));
    if (!row) return nowhere;
    auto decoded = model::decode_locator(*row);
    if (!decoded.ok()) return nowhere;
    locator = std::move(decoded).value();
  }
  if (locator.trash.entry == 0) {
    std::string key = model::node_key(space, locator.parent, locator.name);
    SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, key));
    if (!bytes || id_in_row(SpaceRow::node, *bytes) != id) return nowhere;
    return std::optional(
        NodePlace{SpaceRow::node, std::move(key), model::decode_node(*bytes).value()});
  }
  for (const SpaceRow row : kDetached) {
    NodePlace place{row, key_of_detached(space, row, locator.trash), {}};
    SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, place.key));
    if (!bytes || id_in_row(row, *bytes) != id) continue;
    if (is_plain(row))
      place.record = model::decode_node(*bytes).value();
    else
      place.record = model::decode_trash(*bytes).value();
    return std::optional(std::move(place));
  }
  return nowhere;
}

void put_node(kv::Transaction& rows, const NodePlace& place) {
  const std::string bytes =
      std::visit([](const auto& record) { return model::encode(record); }, place.record);
  rows.put_announced(Family::state, place.key, bytes);
}

Result<bool> leads_somewhere(const kv::View& rows, const SpaceId& space, NodeId id,
                             std::string_view locator) {
  const auto decoded = model::decode_locator(locator);
  if (!decoded.ok()) return false;
  const auto is_there = [&](SpaceRow row, const std::string& key) -> Result<bool> {
    SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, key));
    if (!bytes) return false;
    const NodeId found = id_in_row(row, *bytes);
    return found == id || found == 0;
  };
  if (decoded->trash.entry == 0)
    return is_there(SpaceRow::node, model::node_key(space, decoded->parent, decoded->name));
  for (const SpaceRow row : kDetached) {
    SPIND_TRY_ASSIGN(const bool there, is_there(row, key_of_detached(space, row, decoded->trash)));
    if (there) return true;
  }
  return false;
}

Result<model::Head> read_head(const kv::View& rows, const SpaceId& space) {
  SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, model::head_key(space)));
  if (!bytes) return Error{.code = Code::not_found, .text = "the space has no head"};
  return model::decode_head(*bytes);
}

Result<model::SpaceRecord> read_info(const kv::View& rows, const SpaceId& space) {
  SPIND_TRY_ASSIGN(const auto bytes, rows.get(Family::state, model::info_key(space)));
  if (!bytes) return Error{.code = Code::not_found, .text = "the space has no record"};
  return model::decode_space(*bytes);
}

Result<std::uint64_t> bytes_in_trash(const kv::View& rows, const SpaceId& space) {
  std::uint64_t bytes = 0;
  const std::string prefix = model::row_prefix(space, SpaceRow::trash);
  const auto cursor = rows.scan(Family::state, prefix, model::end_of(prefix));
  for (; cursor->valid(); cursor->next()) {
    const auto trash = model::decode_trash(cursor->value());
    if (!trash.ok()) continue;
    const FolderTotals weight = trash->node.weight();
    bytes += weight.live_bytes + weight.version_bytes;
  }
  SPIND_TRY(cursor->status());
  return bytes;
}

}  // namespace spind::upkeep
