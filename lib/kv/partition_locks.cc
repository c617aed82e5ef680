#include "kv/partition_locks.h"

#include <algorithm>
#include <functional>

namespace spind::kv {

PartitionLocks::Held PartitionLocks::acquire(std::span<const std::string> partitions) {
  Held held;
  held.slots_.reserve(partitions.size());
  for (const std::string& partition : partitions) {
    Slot& slot = enter(partition);
    slot.mutex.lock();
    held.slots_.push_back(&slot);
  }
  return held;
}

PartitionLocks::Held::~Held() {
  for (auto slot = slots_.rbegin(); slot != slots_.rend(); ++slot) {
    (*slot)->mutex.unlock();
    leave(**slot);
  }
}

// The slot stays where it is while it has users: maps of nodes do not move their nodes.
PartitionLocks::Slot& PartitionLocks::enter(const std::string& partition) {
  Shard& shard = shards_[std::hash<std::string>{}(partition) % kShards];
  const std::lock_guard lock(shard.mutex);
  const auto [place, inserted] = shard.slots.try_emplace(partition);
  Slot& slot = place->second;
  if (inserted) {
    slot.shard = &shard;
    slot.partition = &place->first;
  }
  ++slot.users;
  return slot;
}

void PartitionLocks::leave(Slot& slot) {
  Shard& shard = *slot.shard;
  const std::lock_guard lock(shard.mutex);
  if (--slot.users == 0) shard.slots.erase(shard.slots.find(*slot.partition));
}

std::size_t PartitionLocks::size() const {
  std::size_t size = 0;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    size += shard.slots.size();
  }
  return size;
}

void normalise(std::vector<std::string>& partitions) {
  std::sort(partitions.begin(), partitions.end());
  partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
}

bool owns_key(std::span<const std::string> partitions, std::string_view key) {
  return std::any_of(partitions.begin(), partitions.end(),
                     [key](const std::string& partition) { return key.starts_with(partition); });
}

bool owns_range(std::span<const std::string> partitions, std::string_view begin,
                std::string_view end) {
  const auto holds = [begin, end](const std::string& partition) {
    if (!begin.starts_with(partition)) return false;
    if (end <= begin || end.starts_with(partition)) return true;
    // The first key past the partition: its last byte that can grow, grown.
    std::string past = partition;
    while (!past.empty() && past.back() == '\xff') past.pop_back();
    if (past.empty()) return true;
    past.back() = static_cast<char>(past.back() + 1);
    return end <= past;
  };
  return std::any_of(partitions.begin(), partitions.end(), holds);
}

}  // namespace spind::kv
