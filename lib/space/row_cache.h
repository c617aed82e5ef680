// Folder records and space records in memory, as the newest durable snapshot has them.
//
// The store announces changed rows before it publishes the snapshot that holds them (kv::Observer).
// An entry remembers the ticket since which it holds; a reader at an older snapshot passes it by, and
// what such a reader found may be put in only if its part of the cache has not changed since. So a
// hit is always what the reader's own snapshot would have said.
//
// Thread-safe. Bounded in bytes.
#pragma once

#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <variant>

#include "kv/kv.h"
#include "space/node_source.h"

namespace spind::space {

using SpaceRef = std::shared_ptr<const model::SpaceRecord>;

class RowCache final : public kv::Observer {
 public:
  explicit RowCache(std::uint64_t size_bytes_max);

  // Null: not known for that snapshot.
  NodeRef folder(kv::Ticket snapshot, std::string_view node_key);
  SpaceRef space(kv::Ticket snapshot, std::string_view info_key);
  // Remembers what a reader found in its snapshot, unless it may have been overtaken.
  void remember(kv::Ticket snapshot, std::string_view node_key, NodeRef folder);
  void remember(kv::Ticket snapshot, std::string_view info_key, SpaceRef space);

  void publishing(kv::Ticket ticket, std::span<const kv::Row> rows) override;
  void published(kv::Ticket ticket) override { published_ = ticket; }
  void reopened() override;

  std::uint64_t size_bytes() const;
  std::uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }
  std::uint64_t misses() const { return misses_.load(std::memory_order_relaxed); }

 private:
  using Value = std::variant<NodeRef, SpaceRef>;
  struct Entry {
    std::string key;
    Value value;
    kv::Ticket valid_since = 0;
    std::size_t size_bytes = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> recent;  // most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;
    kv::Ticket changed = 0;   // last announcement that concerned this shard
    std::size_t size_bytes = 0;
  };
  static constexpr std::size_t kShards = 32;

  Shard& shard_of(std::string_view key);
  template <class Ref>
  Ref find(kv::Ticket snapshot, std::string_view key);
  void insert(kv::Ticket snapshot, std::string_view key, Value value, std::size_t size_bytes);
  void announce(kv::Ticket ticket, const kv::Row& row);
  static void replace(Shard& shard, Entry& entry, kv::Ticket ticket, Value value,
                      std::size_t size_bytes);
  void evict(Shard& shard);

  const std::size_t shard_bytes_max_;
  std::atomic<std::uint64_t> hits_{0}, misses_{0};
  std::atomic<kv::Ticket> published_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace spind::space
