#include "kv/rocksdb/tuning.h"

#include <algorithm>
#include <thread>

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

namespace spind::kv {
namespace {

using rocksdb::CacheEntryRole;
using rocksdb::CacheEntryRoleOptions;
using rocksdb::ColumnFamilyOptions;
using rocksdb::CompressionType;

constexpr unsigned kFewCores = 4;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

bool supports(CompressionType type) {
  const auto types = rocksdb::GetSupportedCompressions();
  return std::find(types.begin(), types.end(), type) != types.end();
}

CompressionType fast_compression() {
  return supports(rocksdb::kLZ4Compression) ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

CompressionType dense_compression() {
  return supports(rocksdb::kZSTD) ? rocksdb::kZSTD : fast_compression();
}

// Index and filter blocks live in the cache, so that memory does not grow with the number of rows.
rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewRibbonFilterPolicy(10, 0));
  table.optimize_filters_for_memory = true;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.block_size = 8 << 10;
  for (CacheEntryRole role : {CacheEntryRole::kBlockBasedTableReader,
                              CacheEntryRole::kFilterConstruction, CacheEntryRole::kFileMetadata})
    table.cache_usage_options.options_overrides[role] = {CacheEntryRoleOptions::Decision::kEnabled};
  return table;
}

ColumnFamilyOptions family_options(const rocksdb::BlockBasedTableOptions& table,
                                   std::uint64_t write_buffer_bytes) {
  ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = write_buffer_bytes;
  family.max_write_buffer_number = 3;
  family.level_compaction_dynamic_level_bytes = true;
  family.compression = fast_compression();
  family.target_file_size_base = std::max(16 * kMiB, write_buffer_bytes);
  family.max_bytes_for_level_base = 4 * family.target_file_size_base;
  return family;
}

// Most gets of a transaction ask whether something is not there yet.
void filter_write_buffers(ColumnFamilyOptions& family) {
  family.memtable_whole_key_filtering = true;
  family.memtable_prefix_bloom_size_ratio = 0.05;
}

rocksdb::DBOptions db_options(std::uint64_t write_bytes) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  // The laziest family would hold the log for ever.
  db.max_total_wal_size = std::max(32 * kMiB, 2 * write_bytes);
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // A snapshot must show exactly the commits whose log records precede the next sync.
  db.enable_pipelined_write = false;
  db.unordered_write = false;
  db.manual_wal_flush = false;
  // Threads of a group would spin for each other on cores that have work to do.
  db.enable_write_thread_adaptive_yield = false;
  // Waking each writer of a group to insert its own batch pays only where cores are idle.
  db.allow_concurrent_memtable_write = std::thread::hardware_concurrency() > kFewCores;
  // Any background error is final; the store decides what to do about it.
  db.max_bgerror_resume_count = 0;
  db.track_and_verify_wals_in_manifest = false;
  db.max_open_files = 512;
  db.max_background_jobs = 2;
  db.bytes_per_sync = kMiB;
  db.avoid_unnecessary_blocking_io = true;
  db.statistics = rocksdb::CreateDBStatistics();
  db.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

}  // namespace

// The budget is the cache's; write buffers take up to a third of it. Twelve buffers of an eighth
// of that third can exist at worst, which is half of the budget: the rest is always there to read.
Tuning tuned(std::uint64_t memory_budget_bytes) {
  const std::uint64_t budget_bytes = std::max(memory_budget_bytes, 8 * kMiB);
  const std::uint64_t write_bytes = budget_bytes / 3;
  const std::uint64_t buffer_bytes = std::min(write_bytes / 8, 64 * kMiB);

  Tuning tuning;
  rocksdb::LRUCacheOptions cache;
  cache.capacity = budget_bytes;
  cache.num_shard_bits = budget_bytes < 256 * kMiB ? 2 : 5;
  cache.high_pri_pool_ratio = 0.3;
  tuning.cache = rocksdb::NewLRUCache(cache);
  tuning.db = db_options(write_bytes);
  tuning.db.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(write_bytes, tuning.cache);

  auto table = table_options(tuning.cache);
  ColumnFamilyOptions journal = family_options(table, buffer_bytes);
  journal.bottommost_compression = dense_compression();
  ColumnFamilyOptions content = family_options(table, buffer_bytes);
  filter_write_buffers(content);

  // Values that were compressed, if that helps, before they came here.
  ColumnFamilyOptions attachment = family_options(table, 2 * buffer_bytes);
  attachment.enable_blob_files = true;
  attachment.min_blob_size = 1 << 10;
  attachment.blob_compression_type = rocksdb::kNoCompression;
  attachment.enable_blob_garbage_collection = true;
  attachment.blob_garbage_collection_force_threshold = 0.5;
  attachment.blob_cache = tuning.cache;

  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.data_block_hash_table_util_ratio = 0.75;
  ColumnFamilyOptions state = family_options(table, buffer_bytes);
  filter_write_buffers(state);

  tuning.families = {{rocksdb::kDefaultColumnFamilyName, state},
                     {"journal", journal},
                     {"attachment", attachment},
                     {"content", content}};
  return tuning;
}

}  // namespace spind::kv
