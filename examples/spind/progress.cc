#include "progress.h"

#include <unistd.h>

#include <string_view>

#include "text.h"

namespace spind::tool {
namespace {

constexpr std::chrono::milliseconds kBetween{200};
constexpr std::string_view kWipe = "\r\x1b[K";

void to_terminal(std::string_view text) { (void)!::write(STDERR_FILENO, text.data(), text.size()); }

}  // namespace

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what)), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::add(std::uint64_t items, std::uint64_t bytes) {
  if (!is_terminal_) return;
  const std::lock_guard lock(mutex_);
  items_ += items;
  bytes_ += bytes;
  show(true);
}

void ProgressLine::set(const Progress& progress) {
  if (!is_terminal_) return;
  const std::lock_guard lock(mutex_);
  items_ = progress.done;
  items_total_ = progress.total;
  show(false);
}

ProgressCallback ProgressLine::callback() {
  return [this](const Progress& progress) {
    set(progress);
    return true;
  };
}

void ProgressLine::clear() {
  if (!is_terminal_) return;
  const std::lock_guard lock(mutex_);
  if (visible_) to_terminal(kWipe);
  visible_ = false;
}

void ProgressLine::show(bool with_bytes) {
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + kBetween;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  std::string line(kWipe);
  line += what_ + ": " + std::to_string(items_);
  if (items_total_ != 0) line += " of " + std::to_string(items_total_);
  if (with_bytes) {
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(bytes_) / seconds);
    line += " files, " + human_bytes(bytes_) + ", " + human_bytes(rate) + "/s";
  }
  to_terminal(line);
  visible_ = true;
}

}  // namespace spind::tool
