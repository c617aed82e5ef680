// How mends find rows, in whatever state they are.
#pragma once

#include <variant>

#include "kv/kv.h"
#include "model/keys.h"
#include "model/records.h"

namespace spind::upkeep {

// Rows of the trash that a repair made are numbered from here on behind their entry.
inline constexpr std::uint32_t kRecoveredIndex = 0x8000'0000;

// Rows that one commit writes or erases; the next pass goes on.
inline constexpr std::size_t kMendRowsMax = 10'000;

// Versions are numbered one after the other; all but the current one and the removed ones have a
// row.
inline std::uint64_t earlier_versions(const model::NodeRecord& node) {
  return node.current.number > 0 ? node.current.number - 1 : 0;
}

// A node's record, wherever it lies.
struct NodePlace {
  model::SpaceRow row;  // node, trash, purged or staged
  std::string key;
  std::variant<model::NodeRecord, model::TrashRecord> record;

  model::NodeRecord& node() {
    if (auto* const trash = std::get_if<model::TrashRecord>(&record)) return trash->node;
    return std::get<model::NodeRecord>(record);
  }
  const model::NodeRecord& node() const { return const_cast<NodePlace*>(this)->node(); }
};

// By its locator; none where that leads to nothing, or to a record that cannot be read.
Result<std::optional<NodePlace>> find_node(const kv::View& rows, const SpaceId& space, NodeId id);
void put_node(kv::Transaction& rows, const NodePlace& place);

// Whether the locator of the node leads to its row, or to one that cannot be read.
Result<bool> leads_somewhere(const kv::View& rows, const SpaceId& space, NodeId id,
                             std::string_view locator);
bool can_be_read(model::SpaceRow row, std::string_view bytes);
// 0 if it cannot be read.
NodeId id_in_row(model::SpaceRow row, std::string_view bytes);

std::string key_of_detached(const SpaceId& space, model::SpaceRow row,
                            const model::AttachmentId& at);
NodeId parent_in_node_key(std::string_view key);

Result<model::Head> read_head(const kv::View& rows, const SpaceId& space);
Result<model::SpaceRecord> read_info(const kv::View& rows, const SpaceId& space);
Result<std::uint64_t> bytes_in_trash(const kv::View& rows, const SpaceId& space);

}  // namespace spind::upkeep
