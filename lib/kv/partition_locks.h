// Who owns which partition, inside this process.
//
// Partitions are taken in sorted order, so two holders never wait for each other. Only partitions
// that are held or waited for take memory.
//
// Who needs one partition only may stand in its line. The first of a line takes the partition, does
// what all who stand there by then came for, and calls the next: in a hot partition one thread does
// many threads' work without falling asleep in between.
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

// A place in a line. Lives until it was served.
class Turn {
 public:
  // Sleeps until it leads, true, or was served by who led.
  bool leads();

 private:
  friend class PartitionLocks;
  enum : std::uint32_t { kWaits, kLeads, kServed };
  void tell(std::uint32_t word);

  FutexWord word_{kWaits};
};

// Thread-safe.
class PartitionLocks {
 private:
  struct Shard;
  struct Slot {
    FutexMutex mutex;
    std::size_t users = 0;    // holders and waiters; guarded by the shard
    bool led = false;         // somebody leads the line; guarded by the shard
    std::vector<Turn*> line;  // guarded by the shard
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

  // Stands in the line; answers what the other calls on this line take.
  Slot& line_up(const std::string& partition, Turn& turn);
  // For a turn that leads: waits until the partition is free and takes it. Answers those who are
  // served together with it, itself first, at most `count_max`.
  std::vector<Turn*> take_turns(Slot& slot, std::size_t count_max);
  // Gives the partition up, calls who leads next, and tells those who were served.
  void end_turns(Slot& slot, std::span<Turn* const> served);

  // How many partitions are held or waited for.
  std::size_t size() const;

 private:
  static constexpr std::size_t kShards = 64;
  Shard& shard_of(const std::string& partition);
  static Slot& enter_locked(Shard& shard, const std::string& partition);
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
