#include "blob/layer/backend_health.h"

#include <algorithm>

#include "base/clock.h"

namespace spind {

bool tells_of_trouble(Code code) {
  switch (code) {
    case Code::ok:
    case Code::not_found:
    case Code::limit_exceeded:
    case Code::invalid_argument:
    case Code::conflict:
    case Code::no_space:
    case Code::corruption:
    case Code::unsupported: return false;
    default: return true;
  }
}

BackendHealth::BackendHealth(const MirrorOptions& options)
    : failures_max_(std::max(options.failures_max, 1u)),
      rest_first_ns_(std::max<std::int64_t>(to_ns(options.rest_first), 1)),
      rest_max_ns_(std::max<std::int64_t>(to_ns(options.rest_max), 1)) {}

bool BackendHealth::may_ask(std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (rest_ns_ == 0) return true;
  if (now_ns < rest_until_ns_) return false;
  rest_until_ns_ = now_ns + rest_ns_;  // for all but this caller, should its answer not come
  return true;
}

void BackendHealth::answered(Code code, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  if (!tells_of_trouble(code)) {
    failures_ = 0;
    rest_ns_ = 0;
    return;
  }
  if (++failures_ < failures_max_) return;
  // Those who asked before the rest began tell nothing new.
  if (rest_ns_ > 0 && now_ns < rest_until_ns_ - rest_ns_) return;
  rest_ns_ = std::min(rest_ns_ == 0 ? rest_first_ns_ : rest_ns_ * 2, rest_max_ns_);
  rest_until_ns_ = now_ns + rest_ns_;
}

void BackendHealth::read_took(std::int64_t duration_ns) {
  const std::lock_guard lock(mutex_);
  duration_ns = std::max<std::int64_t>(duration_ns, 1);
  read_ns_ = read_ns_ == 0 ? duration_ns : read_ns_ + (duration_ns - read_ns_) / 8;
}

bool BackendHealth::resting(std::int64_t now_ns) const {
  const std::lock_guard lock(mutex_);
  return rest_ns_ > 0 && now_ns < rest_until_ns_;
}

std::int64_t BackendHealth::read_ns() const {
  const std::lock_guard lock(mutex_);
  return read_ns_;
}

}  // namespace spind
