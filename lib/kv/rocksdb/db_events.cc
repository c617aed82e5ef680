#include "kv/rocksdb/db_events.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

namespace spind::kv {

void DbEvents::OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) {
  on_error_(*error);
}

// RocksDB would come back by itself when a full device has room again, over writes that failed half
// way; the store opens it anew instead.
void DbEvents::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                                    bool* auto_recovery) {
  *auto_recovery = false;
}

void DbEvents::OnStallConditionsChanged(const rocksdb::WriteStallInfo& info) {
  const bool before = info.condition.prev == rocksdb::WriteStallCondition::kStopped;
  const bool now = info.condition.cur == rocksdb::WriteStallCondition::kStopped;
  stopped_families_ += int{now} - int{before};
}

void LogBridge::Logv(const char* format, va_list arguments) {
  if (!log_) return;
  std::array<char, 1024> line;
  const int size = std::vsnprintf(line.data(), line.size(), format, arguments);
  if (size <= 0) return;
  log_({line.data(), std::min(static_cast<std::size_t>(size), line.size() - 1)});
}

}  // namespace spind::kv
