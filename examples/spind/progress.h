// One line on a terminal that says how far a long command has come. It appears after a second, and
// only if stderr is a terminal that nobody else is written to.
//
//   ProgressLine line("storing");
//   line.add(1, size);              // a file more; from any thread
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "spind/types.h"

namespace spind::tool {

// Thread-safe.
class ProgressLine {
 public:
  explicit ProgressLine(std::string what);
  ~ProgressLine();  // wipes the line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void add(std::uint64_t items, std::uint64_t bytes);
  // How far a long call of the store has come.
  void set(const Progress& progress);
  // Hands `set` what such a call says. The line has to outlive the call.
  ProgressCallback callback();
  // Wipes the line before something else is written to the terminal.
  void clear();

 private:
  void show(bool with_bytes);  // under mutex_

  using Clock = std::chrono::steady_clock;
  const std::string what_;
  const bool is_terminal_;
  const Clock::time_point begin_ = Clock::now();
  std::mutex mutex_;
  Clock::time_point next_ = begin_ + std::chrono::seconds(1);
  std::uint64_t items_ = 0, items_total_ = 0, bytes_ = 0;
  bool visible_ = false;
};

}  // namespace spind::tool
