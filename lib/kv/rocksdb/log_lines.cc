#include "kv/rocksdb/log_lines.h"

#include <utility>

namespace spind::kv {

void LogLines::add(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() < kWaitingMax)
    waiting_.emplace_back(line);
  else
    ++left_out_;
}

void LogLines::hand_on() {
  std::vector<std::string> lines;
  std::size_t left_out = 0;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(waiting_);
    left_out = std::exchange(left_out_, 0);
  }
  for (const std::string& line : lines) to_(line);
  if (left_out > 0) to_("and " + std::to_string(left_out) + " lines more");
}

}  // namespace spind::kv
