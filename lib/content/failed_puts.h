// Numbers of blobs whose put failed: it may have been carried out all the same, or may be yet, so
// the number is settled only when so much time has passed that no request is under way any more.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <vector>

namespace spind::content {

// No request to a blob store lives longer.
inline constexpr std::int64_t kRequestNsMax = std::int64_t{15} * 60 * 1'000'000'000;

// Thread-safe.
class FailedPuts {
 public:
  void add(std::uint64_t number, std::int64_t now_ns) {
    const std::lock_guard lock(mutex_);
    failed_.push_back({number, now_ns});
  }
  // Takes those that failed at `until_ns` or before.
  std::vector<std::uint64_t> take(std::int64_t until_ns) {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint64_t> numbers;
    for (const Failed& put : failed_)
      if (put.at_ns <= until_ns) numbers.push_back(put.number);
    std::erase_if(failed_, [&](const Failed& put) { return put.at_ns <= until_ns; });
    return numbers;
  }

 private:
  struct Failed {
    std::uint64_t number = 0;
    std::int64_t at_ns = 0;
  };
  std::mutex mutex_;
  std::vector<Failed> failed_;
};

}  // namespace spind::content
