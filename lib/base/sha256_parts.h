// SHA-256 of a whole and of each of its parts, in one pass.
//
// Both hashes read the same blocks, so they share what SHA-256 derives from a block, and two chains
// of rounds keep the processor busier than one: with its SHA instructions the hashes of the parts
// cost a quarter of a pass and not a whole one. During the first part the two are the same.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace spind {

// One thread at a time.
class Sha256Parts {
 public:
  Sha256Parts();
  ~Sha256Parts();
  Sha256Parts(Sha256Parts&&) noexcept;
  Sha256Parts& operator=(Sha256Parts&&) noexcept;

  void update(Bytes bytes);
  // Of what came since the last call; begins the next part. Every part but the last must be a
  // multiple of kPartUnit long.
  std::array<std::uint8_t, 32> finish_part();
  // Of all. Nothing else may be called after.
  std::array<std::uint8_t, 32> finish_whole();

  static constexpr std::size_t kPartUnit = 64;

  // How it is computed: by the processor's SHA instructions where they are, else by OpenSSL.
  class Method {
   public:
    virtual ~Method() = default;
    virtual void update(Bytes bytes) = 0;
    virtual std::array<std::uint8_t, 32> finish_part() = 0;
    virtual std::array<std::uint8_t, 32> finish_whole() = 0;
  };
  explicit Sha256Parts(std::unique_ptr<Method> method);

 private:
  std::unique_ptr<Method> method_;
};

std::unique_ptr<Sha256Parts::Method> portable_sha256_parts();
// Null where the processor has no SHA instructions.
std::unique_ptr<Sha256Parts::Method> native_sha256_parts();

}  // namespace spind
