// RocksDB without the engine: what the limits are made of.
//
// A lean create is the least that any file system of this kind must write for a new file: a node
// record of 120 B, a locator of 30, a version of 80, a journal row of 250, a head of 60, and the
// content, under ordinary keys, in one synced batch.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared_sync.h"

namespace spind::bench {

// One way to tune RocksDB. The durability is the same in all of them.
struct RawTuning {
  std::string name{};
  bool families = true;       // rows of one access pattern each; else all in one
  bool blob_files = true;     // content apart from its keys
  bool leader_syncs = false;  // unsynced writes, and one waiter syncs for all who wait
  std::uint64_t write_buffer_bytes = 64u << 20;
  std::uint64_t block_cache_bytes = 256u << 20;
  std::size_t block_bytes = 4096;
  bool hash_index = false;  // a hash table in each data block, for point reads
};

enum class RawFamily : std::uint8_t { state, journal, attachment };

// Thread-safe.
class RawRocksDb {
 public:
  RawRocksDb(const std::filesystem::path& folder, const RawTuning& tuning);
  ~RawRocksDb();
  RawRocksDb(const RawRocksDb&) = delete;
  RawRocksDb& operator=(const RawRocksDb&) = delete;

  // Durable when it returns.
  void write(rocksdb::WriteBatch& batch);
  // Faster than `write` for filling; not durable.
  void write_unsynced(rocksdb::WriteBatch& batch);
  // All rows into compacted, sorted files, as they lie in a store that has rested.
  void compact();

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(RawFamily family);

 private:
  RawTuning tuning_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  SharedSync shared_sync_;
};

// A file of one space, as the lean create names it.
struct RawFile {
  std::uint64_t space = 0, parent = 1, node = 0, entry = 0;
  std::string name;
};

// "space, row kind": what every key of the space begins with, then what the row is found by.
void set_raw_key(std::string& key, std::uint64_t space, char row, std::uint64_t number,
                 std::string_view rest);
std::string raw_key(std::uint64_t space, char row, std::uint64_t number, std::string_view rest);
// The node id that a node record of the lean create begins with.
std::uint64_t raw_node_id(rocksdb::Slice record);
// Adds a lean create. Without content, it is the metadata alone.
void add_lean_create(RawRocksDb& store, rocksdb::WriteBatch& batch, const RawFile& file,
                     std::span<const std::uint8_t> content);

inline constexpr std::size_t kRawNodeBytes = 120;

}  // namespace spind::bench
