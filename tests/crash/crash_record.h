// What the writer tells its driver, a record at a time, through a pipe that outlives it.
#pragma once

#include <cstdint>

namespace spind::test {

struct CrashRecord {
  enum class Kind : std::uint32_t { begun = 1, acknowledged = 2, failed = 3 };
  Kind kind = Kind::begun;
  std::uint32_t writer = 0;
  std::uint64_t step = 0;
};
static_assert(sizeof(CrashRecord) == 16, "no padding goes through the pipe");

}  // namespace spind::test
