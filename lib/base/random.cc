#include "base/random.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace spind {
namespace {

constexpr std::size_t kBlockBytes = 4096;

void read_system(std::uint8_t* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(out, size, 0);
    if (got < 0 && errno == EINTR) continue;
    // Going on with less than the system's randomness would make ids and salts guessable.
    if (got <= 0) throw std::runtime_error("the operating system gives no randomness");
    out += got;
    size -= static_cast<std::size_t>(got);
  }
}

// What one thread has drawn ahead. A child of fork() has the same bytes, so they are good for one
// process only.
struct Block {
  std::array<std::uint8_t, kBlockBytes> bytes;
  std::size_t used;
  pid_t owner;
};

Block& block_of_thread() {
  static thread_local Block block{{}, kBlockBytes, 0};
  return block;
}

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    if (out.size() > kBlockBytes / 4) return read_system(out.data(), out.size());
    Block& block = block_of_thread();
    const pid_t self = getpid();
    if (block.owner != self || kBlockBytes - block.used < out.size()) {
      read_system(block.bytes.data(), kBlockBytes);
      block.used = 0;
      block.owner = self;
    }
    std::uint8_t* from = block.bytes.data() + block.used;
    std::copy_n(from, out.size(), out.data());
    std::memset(from, 0, out.size());  // what was given out cannot be read back from here
    block.used += out.size();
  }
};

}  // namespace

std::uint64_t Random::next_u64() {
  std::array<std::uint8_t, 8> bytes{};
  fill(bytes);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

Random& Random::system() {
  static Random* const random = std::make_unique<SystemRandom>().release();
  return *random;
}

}  // namespace spind
