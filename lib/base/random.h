// Where randomness comes from. Tests bring a seeded source of their own.
#pragma once

#include <cstdint>
#include <span>

namespace spind {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;
  std::uint64_t next_u64();

  // The operating system's cryptographic source, read in blocks so that a small draw is cheap.
  static Random& system();
};

}  // namespace spind
