// Folder records, space records and the visible numbers of spaces in memory, as the newest durable
// snapshot has them.
//
// The store announces changed rows before it publishes the snapshot that holds them (kv::Observer).
// An entry remembers the ticket since which it holds; a reader at an older snapshot passes it by,
// and what such a reader found may be put in only if its part of the cache has not changed since.
// So a hit is always what the reader's own snapshot would have said.
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

struct KnownSpace {
  SpaceRef record;          // null: not known
  EntryNumber visible = 0;  // likewise
};

class RowCache final : public kv::Observer {
 public:
  explicit RowCache(std::uint64_t size_bytes_max);

  // Null: not known for that snapshot.
  NodeRef folder(kv::Ticket snapshot, std::string_view node_key);
  KnownSpace space(kv::Ticket snapshot, std::string_view info_key);
  // Remembers what a reader found in its snapshot, unless it may have been overtaken.
  void remember(kv::Ticket snapshot, std::string_view node_key, NodeRef folder);
  void remember(kv::Ticket snapshot, std::string_view info_key, SpaceRef space);
  void remember_visible(kv::Ticket snapshot, std::string_view info_key, EntryNumber visible);

  void publishing(kv::Ticket ticket, std::span<const kv::Row> rows) override;
  void published(kv::Ticket ticket) override { published_ = ticket; }
  void reopened() override;

  std::uint64_t size_bytes() const { return sum(&Shard::size_bytes); }
  std::uint64_t hits() const { return sum(&Shard::hits); }
  std::uint64_t misses() const { return sum(&Shard::misses); }

 private:
  using Value = std::variant<NodeRef, SpaceRef>;
  struct Entry {
    std::string key;
    Value value;
    kv::Ticket valid_since = 0;
    std::uint64_t size_bytes = 0;
    // Of a space record: its space's visible number, which changes far more often.
    EntryNumber visible = 0;
    kv::Ticket visible_since = 0;
    bool used = false;  // since it was last its turn to go
  };
  // Hashed once: the hash names the shard and the bucket in it.
  struct Key {
    std::string_view bytes;
    std::uint64_t hash = 0;
    // The bytes of others in the bucket are not touched.
    bool operator==(const Key& other) const { return hash == other.hash && bytes == other.bytes; }
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return key.hash; }
  };
  // All readers meet at the folders near the root, so the lock is short: a hit only marks its
  // entry, and nothing is counted where shards would share it.
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::list<Entry> entries;  // newest or lately spared first
    std::unordered_map<Key, std::list<Entry>::iterator, KeyHash> by_key;
    kv::Ticket changed = 0;  // last announcement that concerned this shard
    std::uint64_t size_bytes = 0, hits = 0, misses = 0;
  };
  static constexpr std::size_t kShards = 32;

  static Key key_of(std::string_view bytes);
  Shard& shard_of(const Key& key) { return shards_[key.hash % kShards]; }
  std::uint64_t sum(std::uint64_t Shard::*count) const;
  // `read(entry)` of what the snapshot knows, under the lock of its shard; else nothing.
  template <class Read>
  auto find(kv::Ticket snapshot, std::string_view key, const Read& read);
  void insert(kv::Ticket snapshot, std::string_view key, Value value, std::uint64_t size_bytes);
  void announce(kv::Ticket ticket, const kv::Row& row);
  void announce_head(kv::Ticket ticket, const kv::Row& row);
  static void replace(Shard& shard, Entry& entry, kv::Ticket ticket, Value value,
                      std::uint64_t size_bytes);
  void evict(Shard& shard);

  const std::size_t shard_bytes_max_;
  std::atomic<kv::Ticket> published_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace spind::space
