#include "base/sha256_parts.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "base/hash.h"
#include "support/harness.h"

namespace spind {
namespace {

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

// Feeds `text` in random bites, cutting parts as told, and compares all with one-shot hashes.
void check_parts(Sha256Parts hasher, std::mt19937_64& random, const std::string& text,
                 const std::vector<std::size_t>& parts) {
  std::size_t at = 0;
  for (const std::size_t part : parts) {
    const std::string_view expected = std::string_view(text).substr(at, part);
    for (std::size_t done = 0; done < expected.size();) {
      const std::string_view bite = expected.substr(done, random() % 300);
      hasher.update(as_bytes(bite));
      done += bite.size();
    }
    CHECK(hasher.finish_part() == sha256(as_bytes(expected)));
    at += part;
  }
  CHECK(hasher.finish_whole() == sha256(as_bytes(std::string_view(text).substr(0, at))));
}

TEST_CASE("sha256 parts: the whole and every part are what they are alone, by either method") {
  std::mt19937_64 random(test::seed());
  for (std::uint64_t round = 0; round < test::scaled(50, 300, 10'000); ++round) {
    std::vector<std::size_t> parts;
    std::size_t size = 0;
    for (std::size_t count = random() % 4; count > 0; --count) {
      parts.push_back(random() % 40 * Sha256Parts::kPartUnit);
      size += parts.back();
    }
    parts.push_back(random() % 1'000);  // the last may end anywhere
    const std::string text = random_text(random, size + parts.back());
    check_parts(Sha256Parts(), random, text, parts);
    check_parts(Sha256Parts(portable_sha256_parts()), random, text, parts);
    if (auto native = native_sha256_parts())
      check_parts(Sha256Parts(std::move(native)), random, text, parts);
  }
}

TEST_CASE("sha256 parts: every length around a block is padded rightly") {
  std::mt19937_64 random(test::seed());
  for (std::size_t size = 0; size <= 200; ++size) {
    const std::string text = random_text(random, size);
    Sha256Parts hasher;
    hasher.update(as_bytes(text));
    CHECK(hasher.finish_whole() == sha256(as_bytes(text)));
  }
}

TEST_CASE("sha256 parts: no bytes at all") {
  Sha256Parts hasher;
  CHECK(hasher.finish_part() == sha256({}));
  CHECK(hasher.finish_whole() == sha256({}));
}

}  // namespace
}  // namespace spind
