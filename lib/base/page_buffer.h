// Memory that the kernel copies into or out of.
//
// It begins where a page does. Large blocks of malloc begin 16 bytes behind that, and into such
// memory AMD's processors copy the page cache four times as slowly (`rep movsb` with a target just
// behind its source, counted within a page).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace spind {

// What is in it at first is not defined.
class PageBuffer {
 public:
  explicit PageBuffer(std::size_t size_bytes)
      : memory_(static_cast<std::uint8_t*>(::operator new(size_bytes, kAlignment))),
        size_bytes_(size_bytes) {}

  std::span<std::uint8_t> all() const { return {memory_.get(), size_bytes_}; }

 private:
  static constexpr std::align_val_t kAlignment{4096};
  struct Free {
    void operator()(std::uint8_t* memory) const { ::operator delete(memory, kAlignment); }
  };

  std::unique_ptr<std::uint8_t, Free> memory_;
  std::size_t size_bytes_;
};

}  // namespace spind
