// Stops replay at the first hole in the log.
//
// After a power cut an older log may have lost its unsynced tail at the edge of a record while
// records of the next log are there. RocksDB's recovery does not look whether sequence numbers
// follow each other and would replay over the hole: a state that never was.
#pragma once

#include <cstdint>
#include <optional>

#include <rocksdb/wal_filter.h>

namespace rocksdb {
class WriteBatch;
}

namespace spind::kv {

// The sequence number of a batch's first row, which RocksDB writes into the batch.
std::uint64_t first_sequence(const rocksdb::WriteBatch& batch);

// One thread at a time, one recovery long.
class LogGaps final : public rocksdb::WalFilter {
 public:
  const char* Name() const override { return "spind.LogGaps"; }
  WalProcessingOption LogRecordFound(unsigned long long log_number, const std::string& log_name,
                                     const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* new_batch, bool* batch_changed) override;
  bool found() const { return found_; }

 private:
  std::optional<std::uint64_t> next_sequence_;
  bool found_ = false;
};

}  // namespace spind::kv
