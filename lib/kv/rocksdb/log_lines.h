// Lines for the host's log, between where they are said and where they are handed on. RocksDB says
// most of its own under its mutex, and who hears one may ask the store how it is.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace spind::kv {

// Thread-safe.
class LogLines {
 public:
  explicit LogLines(std::function<void(std::string_view)> to) : to_(std::move(to)) {}

  // Kept until the next hand_on. Where many wait already, it is only counted.
  void add(std::string_view line);
  // From a thread that holds no lock.
  void hand_on();

 private:
  static constexpr std::size_t kWaitingMax = 256;
  const std::function<void(std::string_view)> to_;
  std::mutex mutex_;
  std::vector<std::string> waiting_;
  std::size_t left_out_ = 0;
};

}  // namespace spind::kv
