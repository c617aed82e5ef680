// Bytes that nobody else is to see: keys, and what is derived from them.
//
// They are wiped when their owner ends, are not copied, and have no way to be printed.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace spind {

// Overwrites `bytes` in a way that the compiler does not leave out.
void wipe(std::span<std::uint8_t> bytes);

// Takes the same time wherever the two differ.
bool equal_in_constant_time(Bytes a, Bytes b);

// For secrets that live as long as the store is open: on pages of their own, kept out of swap and
// of core dumps where the system allows it. Const calls are thread-safe.
class Secret {
 public:
  Secret() = default;
  // Zeros, to be filled.
  explicit Secret(std::size_t size);
  static Secret copy_of(Bytes bytes);
  ~Secret() { release(); }
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.bytes_ = {}; }
  Secret& operator=(Secret&& other) noexcept;

  Bytes bytes() const { return bytes_; }
  std::span<std::uint8_t> writable() { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

 private:
  void release();
  std::span<std::uint8_t> bytes_;
};

inline constexpr std::size_t kKeyBytes = 32;

// A key that lives as long as a call does. Const calls are thread-safe.
class BriefKey {
 public:
  BriefKey() = default;
  ~BriefKey() { wipe(bytes_); }
  BriefKey(const BriefKey&) = delete;
  BriefKey& operator=(const BriefKey&) = delete;

  operator Bytes() const { return bytes_; }
  Bytes bytes() const { return bytes_; }
  std::span<std::uint8_t, kKeyBytes> writable() { return bytes_; }

 private:
  std::array<std::uint8_t, kKeyBytes> bytes_{};
};

}  // namespace spind
