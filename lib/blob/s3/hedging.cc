#include "blob/s3/hedging.h"

#include <algorithm>

namespace spind::s3 {
namespace {

// Below it a second request costs more than it can save.
constexpr std::chrono::milliseconds kPatienceMin{2};
constexpr double kSecondRequestsARead = 0.05;
constexpr double kReserveMax = 10;

}  // namespace

void Hedging::took(std::chrono::nanoseconds time) {
  const std::lock_guard lock(mutex_);
  recent_ns_[known_++ % kRecent] = time.count();
  reserve_ = std::min(reserve_ + kSecondRequestsARead, kReserveMax);
  if (known_ >= kEnough && (!patience_ || ++since_counted_ >= kCountedAnew)) count_anew();
}

void Hedging::count_anew() {
  since_counted_ = 0;
  std::array<std::int64_t, kRecent> sorted = recent_ns_;
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(known_, kRecent));
  const auto slow = end - 1 - (end - sorted.begin()) / 100;
  std::nth_element(sorted.begin(), slow, end);
  patience_ = std::max<std::chrono::nanoseconds>(std::chrono::nanoseconds(*slow), kPatienceMin);
}

std::optional<std::chrono::nanoseconds> Hedging::patience() const {
  const std::lock_guard lock(mutex_);
  return patience_;
}

bool Hedging::draw() {
  const std::lock_guard lock(mutex_);
  if (reserve_ < 1) return false;
  reserve_ -= 1;
  return true;
}

}  // namespace spind::s3
