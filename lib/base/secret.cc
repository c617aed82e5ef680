#include "base/secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace spind {
namespace {

// What mmap gives out for so many bytes, which is what the calls around it are told.
std::size_t whole_pages(std::size_t size) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

}  // namespace

void wipe(std::span<std::uint8_t> bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

bool equal_in_constant_time(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Secret::Secret(std::size_t size) {
  if (size == 0) return;
  const std::size_t mapped = whole_pages(size);
  void* pages = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  // Both may be refused: an unprivileged process may lock little, and a sandbox nothing.
  (void)mlock(pages, mapped);
  (void)madvise(pages, mapped, MADV_DONTDUMP);
  bytes_ = {static_cast<std::uint8_t*>(pages), size};
}

Secret Secret::copy_of(Bytes bytes) {
  Secret secret(bytes.size());
  std::copy(bytes.begin(), bytes.end(), secret.bytes_.begin());
  return secret;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

void Secret::release() {
  if (bytes_.empty()) return;
  wipe(bytes_);
  munmap(bytes_.data(), whole_pages(bytes_.size()));
}

}  // namespace spind
