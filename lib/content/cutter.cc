#include "content/cutter.h"

#include <algorithm>

#include "base/sealer.h"

namespace spind::content {
namespace {

// A piece ends where the hash is below these: with 24 leading zeros one in 16 Mi bytes, with 20 one
// in 1 Mi.
constexpr std::uint64_t kSeldom = std::uint64_t{1} << 40;
constexpr std::uint64_t kOften = std::uint64_t{1} << 44;

}  // namespace

GearTable gear_table(Bytes secret) {
  std::array<std::uint8_t, sizeof(GearTable)> bytes{};
  hkdf_sha256(secret, {}, "spind gear table", bytes);
  GearTable table{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    table[i / 8] |= std::uint64_t{bytes[i]} << (i % 8 * 8);
  return table;
}

std::size_t Cutter::take(Bytes bytes) {
  if (at_end_) {
    at_end_ = false;
    hash_ = size_ = 0;
  }
  std::size_t at = 0;
  if (size_ < kCutBytesMin) {
    at = std::min(kCutBytesMin - size_, bytes.size());
    size_ += at;
  }
  at_end_ = find_end(bytes, at, kCutBytesUsual, kSeldom) ||
            find_end(bytes, at, kCutBytesMax, kOften) || size_ == kCutBytesMax;
  return at;
}

// Goes on from `at` until the piece ends, has `limit` bytes, or there are no more.
bool Cutter::find_end(Bytes bytes, std::size_t& at, std::size_t limit, std::uint64_t below) {
  if (size_ >= limit) return false;
  const std::size_t end = at + std::min(limit - size_, bytes.size() - at);
  const std::size_t begin = at;
  std::uint64_t hash = hash_;
  bool found = false;
  while (at < end && !found) {
    hash = (hash << 1) + table_[bytes[at++]];
    found = hash < below;
  }
  hash_ = hash;
  size_ += at - begin;
  return found;
}

}  // namespace spind::content
