// Who owns which partition, inside this process.
//
// Partitions are taken in sorted order, so two holders never wait for each other. Only partitions
// that are held or waited for take memory.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "kv/futex.h"

namespace spind::kv {

// Thread-safe.
class PartitionLocks {
 private:
  struct Shard;
  struct Slot {
    FutexMutex mutex;
    std::size_t users = 0;  // holders and waiters; guarded by the shard
    Shard* shard = nullptr;
    const std::string* partition = nullptr;  // its key in the shard
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Slot> slots;
  };

 public:
  // Owns partitions until it is destroyed, in the thread that took them.
  class Held {
   public:
    Held() = default;
    Held(Held&& other) noexcept = default;
    Held& operator=(Held&&) = delete;
    ~Held();

   private:
    friend class PartitionLocks;
    std::vector<Slot*> slots_;
  };

  // Waits until all are free. `partitions` is sorted and holds no duplicates.
  Held acquire(std::span<const std::string> partitions);

  // How many partitions are held or waited for.
  std::size_t size() const;

 private:
  static constexpr std::size_t kShards = 64;
  Slot& enter(const std::string& partition);
  static void leave(Slot& slot);

  mutable std::array<Shard, kShards> shards_;
};

// Sorts and drops duplicates.
void normalise(std::vector<std::string>& partitions);

// Whether a key, or all keys between two, lie in one of the partitions.
bool owns_key(std::span<const std::string> partitions, std::string_view key);
bool owns_range(std::span<const std::string> partitions, std::string_view begin,
                std::string_view end);

}  // namespace spind::kv
