// When a small read has taken longer than nearly all before it, and may be asked for a second time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace spind::s3 {

inline constexpr std::uint64_t kHedgedBytesMax = 1u << 20;

// Thread-safe.
class Hedging {
 public:
  // A read that was answered well took so long.
  void took(std::chrono::nanoseconds time);
  // What 99 of 100 recent reads took at most; none while too few are known.
  std::optional<std::chrono::nanoseconds> patience() const;
  // Whether one more may be asked a second time: where all of them have become slow, asking twice
  // would make it worse.
  bool draw();

 private:
  static constexpr std::size_t kRecent = 256, kEnough = 100, kCountedAnew = 32;

  void count_anew();

  mutable std::mutex mutex_;
  std::array<std::int64_t, kRecent> recent_ns_{};
  std::size_t known_ = 0, since_counted_ = 0;
  std::optional<std::chrono::nanoseconds> patience_;
  double reserve_ = 1;
};

}  // namespace spind::s3
