// A clock that a test moves, and randomness that a seed decides.
#pragma once

#include <atomic>
#include <mutex>
#include <random>

#include "base/clock.h"
#include "base/random.h"

namespace spind::test {

// Thread-safe.
class TestClock : public Clock {
 public:
  static constexpr std::int64_t kStart_ns = 1'700'000'000'000'000'000;

  std::int64_t wall_ns() override { return wall_; }
  std::int64_t monotonic_ns() override { return monotonic_; }

  // Both go on.
  void advance(std::int64_t nanoseconds) {
    wall_ += nanoseconds;
    monotonic_ += nanoseconds;
  }
  // Only the one that never goes back, as if nothing but waiting had happened.
  void wait(std::int64_t nanoseconds) { monotonic_ += nanoseconds; }
  // Only what the system believes.
  void jump(std::int64_t nanoseconds) { wall_ += nanoseconds; }

 private:
  std::atomic<std::int64_t> wall_ = kStart_ns;
  std::atomic<std::int64_t> monotonic_ = 1'000'000'000;
};

// Thread-safe.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> bytes) override {
    const std::lock_guard lock(mutex_);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace spind::test
