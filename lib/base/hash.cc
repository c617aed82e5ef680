#include "base/hash.h"

#include <openssl/evp.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <stdexcept>

#include "base/xxh3_long.h"

namespace spind {
namespace {

// From here on a call costs less than the wider instructions behind it save.
constexpr std::size_t kLongBytesMin = 1024;

// Looking an algorithm up costs more than hashing a small record does, so each is looked up once
// and kept for the life of the process.
const EVP_MD* fetch(const char* name) {
  const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  if (algorithm == nullptr) throw std::runtime_error("the OpenSSL library lacks a hash");
  return algorithm;
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = fetch("SHA256");
  return algorithm;
}

const EVP_MD* algorithm_of(HashKind kind) {
  if (kind == HashKind::adler32) return nullptr;
  if (kind == HashKind::sha1) {
    static const EVP_MD* const sha1 = fetch("SHA1");
    return sha1;
  }
  static const EVP_MD* const md5 = fetch("MD5");
  return md5;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// OpenSSL's digests fail only for want of memory or wrong use.
void must(int done) {
  if (done != 1) throw std::bad_alloc();
}

Context begin(const EVP_MD* algorithm) {
  Context context(EVP_MD_CTX_new());
  must(context != nullptr ? EVP_DigestInit_ex2(context.get(), algorithm, nullptr) : 0);
  return context;
}

class Adler32 {
 public:
  void update(Bytes bytes) {
    // As many sums as fit into 32 bits before the remainder must be taken.
    constexpr std::size_t kRun = 5552;
    while (!bytes.empty()) {
      const std::size_t count = std::min(kRun, bytes.size());
      for (const std::uint8_t byte : bytes.first(count)) {
        low_ += byte;
        high_ += low_;
      }
      low_ %= kModulus;
      high_ %= kModulus;
      bytes = bytes.subspan(count);
    }
  }
  std::uint32_t value() const { return high_ << 16 | low_; }

 private:
  static constexpr std::uint32_t kModulus = 65521;
  std::uint32_t low_ = 1;
  std::uint32_t high_ = 0;
};

}  // namespace

std::array<std::uint8_t, 32> sha256(Bytes bytes) {
  Sha256Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

std::uint64_t xxh3_64(Bytes bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::array<std::uint8_t, 16> xxh3_128(Bytes bytes) {
  if (bytes.size() >= kLongBytesMin) return xxh3_128_long(bytes);
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  std::array<std::uint8_t, 16> digest{};
  std::copy_n(canonical.digest, digest.size(), digest.data());
  return digest;
}

struct Sha256Hasher::State {
  Context context;
};

Sha256Hasher::Sha256Hasher() : state_(std::make_unique<State>(State{begin(sha256_algorithm())})) {}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::update(Bytes bytes) {
  must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

std::array<std::uint8_t, 32> Sha256Hasher::so_far() const {
  Sha256Hasher copy;
  must(EVP_MD_CTX_copy_ex(copy.state_->context.get(), state_->context.get()));
  return copy.finish();
}

std::array<std::uint8_t, 32> Sha256Hasher::finish() {
  std::array<std::uint8_t, 32> digest{};
  must(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr));
  return digest;
}

struct Hasher::State {
  Context context;  // none: adler32
  Adler32 adler;
};

Hasher::Hasher(HashKind kind) : state_(std::make_unique<State>()) {
  if (const EVP_MD* algorithm = algorithm_of(kind)) state_->context = begin(algorithm);
}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(Bytes bytes) {
  if (state_->context == nullptr) return state_->adler.update(bytes);
  must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

std::vector<std::uint8_t> Hasher::finish() {
  if (state_->context == nullptr) {
    const std::uint32_t sum = state_->adler.value();
    return {static_cast<std::uint8_t>(sum >> 24), static_cast<std::uint8_t>(sum >> 16),
            static_cast<std::uint8_t>(sum >> 8), static_cast<std::uint8_t>(sum)};
  }
  std::vector<std::uint8_t> digest(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  must(EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size));
  digest.resize(size);
  return digest;
}

}  // namespace spind
