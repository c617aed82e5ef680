// Where the pieces of a file end if its content says so, and not its offsets: what is inserted or
// cut out at one place of a file leaves the pieces behind that place as they were, so they are
// shared.
//
// FastCDC: Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data
// Deduplication", USENIX ATC 2016.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/limits.h"

namespace spind::content {

// A random number for each value of a byte. It follows from `secret`: with that of a vault nobody
// else can tell from the sizes of its pieces what was stored. Empty: a table that everybody has.
using GearTable = std::array<std::uint64_t, 256>;
GearTable gear_table(Bytes secret);

// Pieces are never smaller than the least size, but for the last one of a file, and never larger
// than the greatest. Ends are rarer before the usual size and more frequent behind it.
inline constexpr std::size_t kCutBytesMin = kPieceBytesMax / 8;
inline constexpr std::size_t kCutBytesUsual = kPieceBytesMax / 2;
inline constexpr std::size_t kCutBytesMax = kPieceBytesMax;

// Goes once over the bytes of one file. One thread at a time.
class Cutter {
 public:
  explicit Cutter(const GearTable& table) : table_(table) {}

  // How many of the file's next bytes belong to the piece that the last ones belong to, or, if that
  // has ended, to a new one.
  std::size_t take(Bytes bytes);
  // Whether the piece ends with the last byte that was taken.
  bool at_end() const { return at_end_; }

 private:
  bool find_end(Bytes bytes, std::size_t& at, std::size_t limit, std::uint64_t below);

  const GearTable table_;
  std::uint64_t hash_ = 0;  // of the last 64 bytes
  std::size_t size_ = 0;    // of the piece so far
  bool at_end_ = false;
};

}  // namespace spind::content
