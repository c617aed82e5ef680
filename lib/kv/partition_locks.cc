#include "kv/partition_locks.h"

#include <algorithm>
#include <functional>
#include <utility>

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

PartitionLocks::Shard& PartitionLocks::shard_of(const std::string& partition) {
  return shards_[std::hash<std::string>{}(partition) % kShards];
}

// The slot stays where it is while it has users: maps of nodes do not move their nodes.
PartitionLocks::Slot& PartitionLocks::enter_locked(Shard& shard, const std::string& partition) {
  const auto [place, inserted] = shard.slots.try_emplace(partition);
  Slot& slot = place->second;
  if (inserted) {
    slot.shard = &shard;
    slot.partition = &place->first;
  }
  ++slot.users;
  return slot;
}

PartitionLocks::Slot& PartitionLocks::enter(const std::string& partition) {
  Shard& shard = shard_of(partition);
  const std::lock_guard lock(shard.mutex);
  return enter_locked(shard, partition);
}

void PartitionLocks::leave(Slot& slot) {
  Shard& shard = *slot.shard;
  const std::lock_guard lock(shard.mutex);
  if (--slot.users == 0) shard.slots.erase(shard.slots.find(*slot.partition));
}

bool Turn::leads() {
  for (;;) {
    const std::uint32_t word = word_.load(std::memory_order_acquire);
    if (word != kWaits) return word == kLeads;
    futex_wait(word_, kWaits);
  }
}

// Once it is told, the turn may be gone; waking a word that is gone wakes nobody.
void Turn::tell(std::uint32_t word) {
  word_.store(word, std::memory_order_release);
  futex_wake_one(word_);
}

PartitionLocks::Slot& PartitionLocks::line_up(const std::string& partition, Turn& turn) {
  Shard& shard = shard_of(partition);
  const std::lock_guard lock(shard.mutex);
  Slot& slot = enter_locked(shard, partition);
  slot.line.push_back(&turn);
  if (!std::exchange(slot.led, true)) turn.word_.store(Turn::kLeads, std::memory_order_relaxed);
  return slot;
}

std::vector<Turn*> PartitionLocks::take_turns(Slot& slot, std::size_t count_max) {
  slot.mutex.lock();
  const std::lock_guard lock(slot.shard->mutex);
  const auto end =
      slot.line.begin() + static_cast<std::ptrdiff_t>(std::min(slot.line.size(), count_max));
  std::vector<Turn*> turns(slot.line.begin(), end);
  slot.line.erase(slot.line.begin(), end);
  return turns;
}

void PartitionLocks::end_turns(Slot& slot, std::span<Turn* const> served) {
  slot.mutex.unlock();
  Turn* next = nullptr;
  {
    Shard& shard = *slot.shard;
    const std::lock_guard lock(shard.mutex);
    slot.led = !slot.line.empty();
    if (slot.led) next = slot.line.front();
    slot.users -= served.size();
    if (slot.users == 0) shard.slots.erase(shard.slots.find(*slot.partition));
  }
  if (next != nullptr) next->tell(Turn::kLeads);
  for (Turn* turn : served.subspan(1)) turn->tell(Turn::kServed);
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
