// Whether a backend is worth asking, and how near it is.
#pragma once

#include <cstdint>
#include <mutex>

#include "spind/blob_mirror.h"

namespace spind {

// Whether the answer says that the backend itself is not well. A blob that is not there, or is too
// large, is an answer as good as any; a full device still reads.
bool tells_of_trouble(Code code);

// A circuit breaker. Thread-safe.
class BackendHealth {
 public:
  explicit BackendHealth(const MirrorOptions& options);

  // Whether to ask it now. Where its rest is over, one caller is told yes, and the others after
  // that one's answer.
  bool may_ask(std::int64_t now_ns);
  void answered(Code code, std::int64_t now_ns);
  void read_took(std::int64_t duration_ns);

  bool resting(std::int64_t now_ns) const;
  std::int64_t read_ns() const;  // on average, the last ones counting most; 0: none yet

 private:
  const std::uint32_t failures_max_;
  const std::int64_t rest_first_ns_, rest_max_ns_;
  mutable std::mutex mutex_;
  std::uint32_t failures_ = 0;  // in a row
  std::int64_t rest_ns_ = 0;    // 0: it is well
  std::int64_t rest_until_ns_ = 0;
  std::int64_t read_ns_ = 0;
};

}  // namespace spind
