#include "space/row_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/hash.h"
#include "model/keys.h"

namespace spind::space {
namespace {

constexpr std::size_t kRowTagOffset = 17;  // behind the partition of a space
constexpr std::size_t kEntryOverheadBytes = 256;

bool is_row(std::string_view key, model::SpaceRow row) {
  return key.size() > kRowTagOffset && key[kRowTagOffset] == static_cast<char>(row);
}

std::size_t size_of(std::string_view key, const model::NodeRecord& node) {
  return kEntryOverheadBytes + key.size() + node.creator.size() + sizeof(node);
}

std::size_t size_of(std::string_view key, const model::SpaceRecord& space) {
  return kEntryOverheadBytes + key.size() + sizeof(space) + space.tenant.size() +
         space.alias.size() + space.name.size() + space.description.size() + space.owner.size() +
         space.creator.size();
}

}  // namespace

RowCache::RowCache(std::uint64_t size_bytes_max) : shard_bytes_max_(size_bytes_max / kShards) {}

void RowCache::remember(kv::Ticket snapshot, std::string_view node_key, NodeRef folder) {
  const std::size_t size = size_of(node_key, *folder);
  insert(snapshot, node_key, std::move(folder), size);
}

void RowCache::remember(kv::Ticket snapshot, std::string_view info_key, SpaceRef space) {
  const std::size_t size = size_of(info_key, *space);
  insert(snapshot, info_key, std::move(space), size);
}

void RowCache::publishing(kv::Ticket ticket, std::span<const kv::Row> rows) {
  for (const kv::Row& row : rows) announce(ticket, row);
}

std::uint64_t RowCache::sum(std::uint64_t Shard::*count) const {
  std::uint64_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.*count;
  }
  return total;
}

RowCache::Key RowCache::key_of(std::string_view bytes) { return {bytes, xxh3_64(as_bytes(bytes))}; }

template <class Read>
auto RowCache::find(kv::Ticket snapshot, std::string_view bytes, const Read& read) {
  const Key key = key_of(bytes);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end() || found->second->valid_since > snapshot) {
    ++shard.misses;
    return decltype(read(*found->second)){};
  }
  ++shard.hits;
  found->second->used = true;
  return read(*found->second);
}

NodeRef RowCache::folder(kv::Ticket snapshot, std::string_view node_key) {
  return find(snapshot, node_key, [](const Entry& entry) {
    const NodeRef* folder = std::get_if<NodeRef>(&entry.value);
    return folder != nullptr ? *folder : nullptr;
  });
}

KnownSpace RowCache::space(kv::Ticket snapshot, std::string_view info_key) {
  return find(snapshot, info_key, [snapshot](const Entry& entry) {
    const SpaceRef* record = std::get_if<SpaceRef>(&entry.value);
    if (record == nullptr) return KnownSpace{};
    return KnownSpace{*record, entry.visible_since <= snapshot ? entry.visible : 0};
  });
}

void RowCache::remember_visible(kv::Ticket snapshot, std::string_view info_key,
                                EntryNumber visible) {
  const Key key = key_of(info_key);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (shard.changed > snapshot || found == shard.by_key.end()) return;
  found->second->visible = visible;
  found->second->visible_since = snapshot;
}

void RowCache::insert(kv::Ticket snapshot, std::string_view bytes, Value value,
                      std::uint64_t size_bytes) {
  const Key key = key_of(bytes);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.changed > snapshot || shard.by_key.contains(key)) return;
  const auto entry = shard.entries.emplace(shard.entries.begin());
  entry->key = bytes;
  entry->value = std::move(value);
  entry->valid_since = snapshot;
  entry->size_bytes = size_bytes;
  shard.by_key.emplace(Key{entry->key, key.hash}, entry);
  shard.size_bytes += size_bytes;
  evict(shard);
}

// The oldest goes, unless it was used since it was last its turn: then it begins anew.
void RowCache::evict(Shard& shard) {
  while (shard.size_bytes > shard_bytes_max_ && !shard.entries.empty()) {
    const auto oldest = std::prev(shard.entries.end());
    if (std::exchange(oldest->used, false)) {
      shard.entries.splice(shard.entries.begin(), shard.entries, oldest);
      continue;
    }
    shard.size_bytes -= oldest->size_bytes;
    shard.by_key.erase(key_of(oldest->key));
    shard.entries.erase(oldest);
  }
}

void RowCache::replace(Shard& shard, Entry& entry, kv::Ticket ticket, Value value,
                       std::uint64_t size_bytes) {
  shard.size_bytes += size_bytes - entry.size_bytes;
  entry.value = std::move(value);
  entry.valid_since = ticket;
  entry.size_bytes = size_bytes;
}

void RowCache::reopened() {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.by_key.clear();
    shard.entries.clear();
    shard.size_bytes = 0;
    // What readers of snapshots from before have found is not to be remembered.
    shard.changed = std::max(shard.changed, published_.load(std::memory_order_relaxed) + 1);
  }
}

// The number lies with the space's record, under that one's key.
void RowCache::announce_head(kv::Ticket ticket, const kv::Row& row) {
  const std::string info_key = model::info_key(model::space_of(row.key));
  const Key key = key_of(info_key);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  shard.changed = ticket;
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) return;
  Entry& entry = *found->second;
  entry.visible = 0;
  entry.visible_since = ticket;
  if (!row.value) return;
  if (const auto head = model::decode_head(*row.value); head.ok()) entry.visible = head->visible;
}

void RowCache::announce(kv::Ticket ticket, const kv::Row& row) {
  if (model::is_head_key(row.key)) return announce_head(ticket, row);
  const Key key = key_of(row.key);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  shard.changed = ticket;
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) return;
  Entry& entry = *found->second;
  if (row.value && is_row(row.key, model::SpaceRow::node)) {
    auto node = model::decode_node(*row.value);
    if (node.ok() && node->kind == NodeKind::folder) {
      const std::size_t size = size_of(row.key, *node);
      replace(shard, entry, ticket,
              std::make_shared<const model::NodeRecord>(std::move(node).value()), size);
      return evict(shard);
    }
  }
  if (row.value && is_row(row.key, model::SpaceRow::info)) {
    auto space = model::decode_space(*row.value);
    if (space.ok()) {
      const std::size_t size = size_of(row.key, *space);
      replace(shard, entry, ticket,
              std::make_shared<const model::SpaceRecord>(std::move(space).value()), size);
      return evict(shard);
    }
  }
  shard.size_bytes -= entry.size_bytes;
  const auto position = found->second;
  shard.by_key.erase(found);
  shard.entries.erase(position);
}

}  // namespace spind::space
