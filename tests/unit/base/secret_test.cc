#include "base/secret.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <new>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

namespace spind {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!std::is_copy_constructible_v<BriefKey> && !std::is_move_constructible_v<BriefKey>);

// The flags that the kernel shows for the mapping in which `address` lies.
std::string flags_of(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    if (std::istringstream(line) >> std::hex >> begin >> dash >> end && dash == '-')
      found = begin <= wanted && wanted < end;
    if (found && line.rfind("VmFlags:", 0) == 0) return line;
  }
  return "";
}

TEST_CASE("secret: moves without a copy, and is left empty") {
  Secret key = Secret::copy_of(as_bytes("not for others"));
  const std::uint8_t* const where = key.bytes().data();
  Secret moved = std::move(key);
  CHECK(key.empty());  // NOLINT(bugprone-use-after-move)
  CHECK(as_text(moved.bytes()) == "not for others");
  CHECK(moved.bytes().data() == where);
  Secret other(4);
  CHECK(as_text(other.bytes()) == std::string_view("\0\0\0\0", 4));
  other = std::move(moved);
  CHECK(as_text(other.bytes()) == "not for others");
  CHECK(Secret().empty());
  CHECK(Secret(0).empty());
  CHECK(Secret(10'000).size() == 10'000);
}

TEST_CASE("secret: its pages are left out of core dumps") {
  const Secret key = Secret::copy_of(as_bytes("not for others"));
  CHECK(flags_of(key.bytes().data()).find(" dd") != std::string::npos);
}

TEST_CASE("brief key: its bytes are gone when it ends") {
  alignas(BriefKey) std::array<std::uint8_t, sizeof(BriefKey)> place{};
  BriefKey* const key = new (place.data()) BriefKey;
  std::fill(key->writable().begin(), key->writable().end(), std::uint8_t{0x5a});
  CHECK(std::count(place.begin(), place.end(), 0x5a) == kKeyBytes);
  key->~BriefKey();
  CHECK(std::count(place.begin(), place.end(), 0x5a) == 0);
}

TEST_CASE("comparison in constant time: equal is equal") {
  CHECK(equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
  CHECK(equal_in_constant_time({}, {}));
  CHECK(!equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
  CHECK(!equal_in_constant_time(as_bytes("abc"), as_bytes("abcd")));
}

}  // namespace
}  // namespace spind
