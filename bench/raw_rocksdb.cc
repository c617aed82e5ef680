#include "raw_rocksdb.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <random>

#include "must.h"

namespace spind::bench {
namespace {

constexpr std::size_t kLocatorBytes = 30, kVersionBytes = 80, kJournalBytes = 250, kHeadBytes = 60;
constexpr std::uint64_t kBlobBytesMin = 1024;
constexpr std::uint64_t kKeyFiller = 0x0190'0000'0000'7000;  // so that a space id has 16 bytes

void must_rocksdb(const rocksdb::Status& status, const char* what) {
  if (!status.ok()) give_up(what, status.ToString());
}

void append_number(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
}

rocksdb::ColumnFamilyOptions family_options(const RawTuning& tuning,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = tuning.block_bytes;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  if (tuning.hash_index) {
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  }
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = tuning.write_buffer_bytes;
  options.max_write_buffer_number = 4;
  options.compression = rocksdb::kNoCompression;
  options.level_compaction_dynamic_level_bytes = true;
  return options;
}

// Random values, so that nothing is won by compression. Node records begin with the node's id, as
// a path look-up needs it.
const std::string& filler() {
  static const std::string bytes = [] {
    std::string made(4096, '\0');
    std::mt19937_64 random(11);
    for (char& c : made) c = static_cast<char>(random());
    return made;
  }();
  return bytes;
}

rocksdb::Slice value_of(std::uint64_t which, std::size_t size_bytes) {
  return {filler().data() + which % 3000, size_bytes};
}

}  // namespace

RawRocksDb::RawRocksDb(const std::filesystem::path& folder, const RawTuning& tuning)
    : tuning_(tuning), shared_sync_([this] { must_rocksdb(db_->SyncWAL(), "raw sync"); }) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 1u << 30;
  const auto cache = rocksdb::NewLRUCache(tuning.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted = {
      {rocksdb::kDefaultColumnFamilyName, family_options(tuning, cache)}};
  if (tuning.families) {
    wanted.emplace_back("journal", family_options(tuning, cache));
    wanted.emplace_back("attachment", family_options(tuning, cache));
  }
  if (tuning.blob_files) {
    wanted.back().options.enable_blob_files = true;
    wanted.back().options.min_blob_size = kBlobBytesMin;
  }
  rocksdb::DB* db = nullptr;
  must_rocksdb(rocksdb::DB::Open(options, folder, wanted, &families_, &db), "open raw RocksDB");
  db_.reset(db);
}

RawRocksDb::~RawRocksDb() {
  for (rocksdb::ColumnFamilyHandle* handle : families_) db_->DestroyColumnFamilyHandle(handle);
}

rocksdb::ColumnFamilyHandle* RawRocksDb::family(RawFamily family) {
  return tuning_.families ? families_[static_cast<std::size_t>(family)] : families_[0];
}

void RawRocksDb::write(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions options;
  options.sync = !tuning_.leader_syncs;
  must_rocksdb(db_->Write(options, &batch), "raw write");
  if (tuning_.leader_syncs) shared_sync_.wait_until_durable();
}

void RawRocksDb::write_unsynced(rocksdb::WriteBatch& batch) {
  must_rocksdb(db_->Write({}, &batch), "raw write");
}

void RawRocksDb::compact() {
  for (rocksdb::ColumnFamilyHandle* handle : families_) {
    must_rocksdb(db_->Flush({}, handle), "raw flush");
    must_rocksdb(db_->CompactRange({}, handle, nullptr, nullptr), "raw compaction");
  }
}

void set_raw_key(std::string& key, std::uint64_t space, char row, std::uint64_t number,
                 std::string_view rest) {
  key.assign(1, 'S');
  append_number(key, kKeyFiller);
  append_number(key, space);
  key.push_back(row);
  append_number(key, number);
  key.append(rest);
}

std::string raw_key(std::uint64_t space, char row, std::uint64_t number, std::string_view rest) {
  std::string key;
  set_raw_key(key, space, row, number, rest);
  return key;
}

std::uint64_t raw_node_id(rocksdb::Slice record) {
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < sizeof id; ++i) id = id << 8 | static_cast<unsigned char>(record[i]);
  return id;
}

void add_lean_create(RawRocksDb& store, rocksdb::WriteBatch& batch, const RawFile& file,
                     std::span<const std::uint8_t> content) {
  rocksdb::ColumnFamilyHandle* state = store.family(RawFamily::state);
  std::string node_record;
  append_number(node_record, file.node);
  node_record.append(value_of(file.node, kRawNodeBytes - node_record.size()).ToString());
  std::string version_of;
  append_number(version_of, 1);
  batch.Put(state, raw_key(file.space, 'n', file.parent, file.name), node_record);
  batch.Put(state, raw_key(file.space, 'l', file.node, ""), value_of(file.node, kLocatorBytes));
  batch.Put(state, raw_key(file.space, 'v', file.node, version_of),
            value_of(file.node, kVersionBytes));
  batch.Put(state, raw_key(file.space, 'h', 0, ""), value_of(file.entry, kHeadBytes));
  batch.Put(store.family(RawFamily::journal), raw_key(file.space, 'j', file.entry, ""),
            value_of(file.entry, kJournalBytes));
  if (content.empty()) return;
  batch.Put(store.family(RawFamily::attachment), raw_key(file.space, 'a', file.entry, ""),
            {reinterpret_cast<const char*>(content.data()), content.size()});
}

}  // namespace spind::bench
