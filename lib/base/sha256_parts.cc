#include "base/sha256_parts.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>

#include "base/hash.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace spind {
namespace {

using Digest = std::array<std::uint8_t, 32>;

class PortableMethod final : public Sha256Parts::Method {
 public:
  void update(Bytes bytes) override {
    whole_.update(bytes);
    if (part_) part_->update(bytes);
  }
  Digest finish_part() override {
    const Digest digest = part_ ? part_->finish() : whole_.so_far();
    part_.emplace();
    return digest;
  }
  Digest finish_whole() override { return whole_.finish(); }

 private:
  Sha256Hasher whole_;
  std::optional<Sha256Hasher> part_;  // none during the first part, which is the whole so far
};

#if defined(__x86_64__)

constexpr std::size_t kShaBlockBytes = 64;
using State = std::array<std::uint32_t, 8>;

constexpr State kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

alignas(16) constexpr std::uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define SPIND_SHA_TARGET __attribute__((target("sha,sse4.1")))

// The state in the order that the instructions want: (a, b, e, f) and (c, d, g, h).
struct Lane {
  __m128i abef, cdgh;
};

SPIND_SHA_TARGET Lane load_lane(const State& state) {
  const __m128i abcd =
      _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data())), 0xB1);
  const __m128i efgh =
      _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data() + 4)), 0x1B);
  return {_mm_alignr_epi8(abcd, efgh, 8), _mm_blend_epi16(efgh, abcd, 0xF0)};
}

SPIND_SHA_TARGET void store_lane(const Lane& lane, State& state) {
  const __m128i feba = _mm_shuffle_epi32(lane.abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(lane.cdgh, 0xB1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data() + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// Runs the same blocks through each state: FIPS 180-4, four rounds at a time.
template <std::size_t kLanes>
SPIND_SHA_TARGET void compress(std::array<State*, kLanes> states, const std::uint8_t* data,
                               std::size_t blocks) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  Lane lanes[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = load_lane(*states[i]);
  for (; blocks > 0; --blocks, data += kShaBlockBytes) {
    Lane before[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) before[i] = lanes[i];
    __m128i words[4];
    for (std::size_t i = 0; i < 4; ++i)
      words[i] =
          _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data + 16 * i)), swap);
#pragma GCC unroll 16
    for (std::size_t four = 0; four < 16; ++four) {
      __m128i& current = words[four % 4];
      if (four >= 4) {
        const __m128i last = words[(four + 3) % 4];
        const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(current, words[(four + 1) % 4]),
                                          _mm_alignr_epi8(last, words[(four + 2) % 4], 4));
        current = _mm_sha256msg2_epu32(sum, last);
      }
      const __m128i low = _mm_add_epi32(
          current, _mm_load_si128(reinterpret_cast<const __m128i*>(kRound + 4 * four)));
      const __m128i high = _mm_shuffle_epi32(low, 0x0E);
      for (std::size_t i = 0; i < kLanes; ++i)
        lanes[i].cdgh = _mm_sha256rnds2_epu32(lanes[i].cdgh, lanes[i].abef, low);
      for (std::size_t i = 0; i < kLanes; ++i)
        lanes[i].abef = _mm_sha256rnds2_epu32(lanes[i].abef, lanes[i].cdgh, high);
    }
    for (std::size_t i = 0; i < kLanes; ++i) {
      lanes[i].abef = _mm_add_epi32(lanes[i].abef, before[i].abef);
      lanes[i].cdgh = _mm_add_epi32(lanes[i].cdgh, before[i].cdgh);
    }
  }
  for (std::size_t i = 0; i < kLanes; ++i) store_lane(lanes[i], *states[i]);
}

class NativeMethod final : public Sha256Parts::Method {
 public:
  void update(Bytes bytes) override {
    size_ += bytes.size();
    if (buffered_ > 0) {
      const std::size_t taken = std::min(bytes.size(), kShaBlockBytes - buffered_);
      std::memcpy(buffer_.data() + buffered_, bytes.data(), taken);
      buffered_ += taken;
      bytes = bytes.subspan(taken);
      if (buffered_ < kShaBlockBytes) return;
      run(buffer_.data(), 1);
      buffered_ = 0;
    }
    run(bytes.data(), bytes.size() / kShaBlockBytes);
    bytes = bytes.subspan(bytes.size() / kShaBlockBytes * kShaBlockBytes);
    if (!bytes.empty()) std::memcpy(buffer_.data(), bytes.data(), bytes.size());
    buffered_ = bytes.size();
  }

  Digest finish_part() override {
    const Digest digest = finish(part_ ? *part_ : whole_, size_ - part_begin_);
    part_ = kInitial;
    part_begin_ = size_;
    return digest;
  }

  Digest finish_whole() override { return finish(whole_, size_); }

 private:
  void run(const std::uint8_t* data, std::size_t blocks) {
    if (blocks == 0) return;
    assert(part_begin_ % kShaBlockBytes == 0);
    if (part_)
      compress<2>({&whole_, &*part_}, data, blocks);
    else
      compress<1>({&whole_}, data, blocks);
  }

  // What is buffered, a one bit, zeros, and the length in bits.
  Digest finish(State state, std::uint64_t size) const {
    std::array<std::uint8_t, 2 * kShaBlockBytes> tail{};
    std::copy_n(buffer_.data(), buffered_, tail.data());
    tail[buffered_] = 0x80;
    const std::size_t blocks = buffered_ + 9 > kShaBlockBytes ? 2 : 1;
    std::uint64_t bits = size * 8;
    for (std::size_t i = 1; i <= 8; ++i, bits >>= 8)
      tail[blocks * kShaBlockBytes - i] = static_cast<std::uint8_t>(bits);
    compress<1>({&state}, tail.data(), blocks);
    Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i)
      digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
    return digest;
  }

  State whole_ = kInitial;
  std::optional<State> part_;  // as above
  std::uint64_t size_ = 0, part_begin_ = 0;
  std::array<std::uint8_t, kShaBlockBytes> buffer_{};
  std::size_t buffered_ = 0;
};

bool has_sha_instructions() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  const bool sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0;
  const bool sse41 = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 19 & 1) != 0;
  return sha && sse41;
}

#endif

}  // namespace

std::unique_ptr<Sha256Parts::Method> portable_sha256_parts() {
  return std::make_unique<PortableMethod>();
}

std::unique_ptr<Sha256Parts::Method> native_sha256_parts() {
#if defined(__x86_64__)
  static const bool there = has_sha_instructions();
  if (there) return std::make_unique<NativeMethod>();
#endif
  return nullptr;
}

Sha256Parts::Sha256Parts() : method_(native_sha256_parts()) {
  if (method_ == nullptr) method_ = portable_sha256_parts();
}
Sha256Parts::Sha256Parts(std::unique_ptr<Method> method) : method_(std::move(method)) {}
Sha256Parts::~Sha256Parts() = default;
Sha256Parts::Sha256Parts(Sha256Parts&&) noexcept = default;
Sha256Parts& Sha256Parts::operator=(Sha256Parts&&) noexcept = default;

void Sha256Parts::update(Bytes bytes) { method_->update(bytes); }
std::array<std::uint8_t, 32> Sha256Parts::finish_part() { return method_->finish_part(); }
std::array<std::uint8_t, 32> Sha256Parts::finish_whole() { return method_->finish_whole(); }

}  // namespace spind
