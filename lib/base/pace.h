// Keeps work at a rate: what was done is paid for before more is begun.
#pragma once

#include <algorithm>
#include <cstdint>

namespace spind {

class Pace {
 public:
  // 0 bytes a second: no limit. `now_ns` is monotonic, here and below.
  Pace(std::uint64_t bytes_a_second, std::int64_t now_ns)
      : bytes_a_second_(static_cast<double>(bytes_a_second)), next_ns_(now_ns) {}

  void spend(std::uint64_t bytes, std::int64_t now_ns) {
    if (bytes_a_second_ == 0) return;
    // The time that the work itself took counts; a longer pause is not made up for.
    next_ns_ = std::max(next_ns_, now_ns - kSlackNs);
    next_ns_ += static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / bytes_a_second_);
  }
  // How long to wait before more is begun; not positive: not at all.
  std::int64_t wait_ns(std::int64_t now_ns) const {
    return bytes_a_second_ == 0 ? 0 : next_ns_ - now_ns;
  }

 private:
  static constexpr std::int64_t kSlackNs = 1'000'000'000;
  double bytes_a_second_;
  std::int64_t next_ns_;
};

}  // namespace spind
