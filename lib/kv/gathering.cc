#include "kv/gathering.h"

#include <algorithm>

namespace spind::kv {
namespace {

// Falling asleep and waking up takes about that long.
constexpr std::int64_t kPatienceNsMin = 40'000;
constexpr std::int64_t kPatienceNsMax = 2'000'000;
constexpr int kSkipMax = 64;

}  // namespace

Gathering::Plan Gathering::plan() {
  if (rounds_to_skip_ > 0) {
    --rounds_to_skip_;
    return {};
  }
  const std::int64_t patience_ns = std::min(sync_ns_ / 2, kPatienceNsMax);
  if (patience_ns < kPatienceNsMin) return {};
  return {expected_, patience_ns};
}

void Gathering::waited(bool came) {
  if (came) {
    skip_next_ = 1;
    return;
  }
  rounds_to_skip_ = skip_next_;
  skip_next_ = std::min(skip_next_ * 2, kSkipMax);
}

void Gathering::round_done(std::size_t served, std::size_t left, std::int64_t sync_ns) {
  expected_ = served + left;
  sync_ns_ += (sync_ns - sync_ns_) / 8;
}

}  // namespace spind::kv
