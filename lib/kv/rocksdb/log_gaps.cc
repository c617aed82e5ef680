#include "kv/rocksdb/log_gaps.h"

#include <rocksdb/write_batch.h>

namespace spind::kv {

// The batch's header: eight bytes of sequence, little-endian, then four of count.
std::uint64_t first_sequence(const rocksdb::WriteBatch& batch) {
  std::uint64_t sequence = 0;
  for (int i = 7; i >= 0; --i)
    sequence = sequence << 8 | static_cast<unsigned char>(batch.Data()[static_cast<size_t>(i)]);
  return sequence;
}

rocksdb::WalFilter::WalProcessingOption LogGaps::LogRecordFound(unsigned long long,
                                                                const std::string&,
                                                                const rocksdb::WriteBatch& batch,
                                                                rocksdb::WriteBatch*, bool*) {
  const std::uint64_t first = first_sequence(batch);
  if (next_sequence_ && *next_sequence_ != first) {
    found_ = true;
    return WalProcessingOption::kStopReplay;
  }
  next_sequence_ = first + batch.Count();
  return WalProcessingOption::kContinueProcessing;
}

}  // namespace spind::kv
