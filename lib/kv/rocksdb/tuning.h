// How RocksDB is set up: one memory budget, four families, and what stays off.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

namespace spind::kv {

struct Tuning {
  rocksdb::DBOptions db;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  // in the order of Family
  std::shared_ptr<rocksdb::Cache> cache;                  // holds all memory that is counted
};

Tuning tuned(std::uint64_t memory_budget_bytes);

}  // namespace spind::kv
