// Reading the bytes of one file.
//
//   spind::Reader reader = space.reader("/video.mp4").value();
//   std::vector<std::uint8_t> buffer(1 << 20);
//   while (std::size_t n = reader.read(buffer).value()) use(buffer, n);
#pragma once

#include <memory>
#include <span>

#include "spind/types.h"

namespace spind {

// Reads one version, whatever happens to the file meanwhile. Every byte is verified: what was not
// stored so answers corruption. One thread at a time; read_at is thread-safe.
class SPIND_EXPORT Reader {
 public:
  const NodeInfo& info() const;  // of the version that is read
  std::uint64_t size_bytes() const;

  // Fills `out` from `offset`; fewer bytes only at the end; 0 at or past it.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const;
  // Goes on where the last read ended, reading ahead.
  Result<std::size_t> read(std::span<std::uint8_t> out);

  struct State;
  explicit Reader(std::unique_ptr<State> state);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

 private:
  std::unique_ptr<State> state_;
};

}  // namespace spind
