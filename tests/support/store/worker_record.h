// What a worker, a program that a test starts and kills, tells its driver: a record at a time,
// through a pipe that outlives it.
#pragma once

#include <cstdint>

namespace spind::test {

// What a worker gives its store; less where its memory is held against it.
inline constexpr std::uint64_t kWorkerMemoryBytes = 256ull << 20;
inline constexpr std::uint64_t kMeasuredMemoryBytes = 64ull << 20;

struct WorkerRecord {
  enum class Kind : std::uint32_t {
    begun = 1,         // the step
    acknowledged = 2,  // the step, and all that the writer took before
    failed = 3,
    full_disk = 4,   // the device was full for a while
    clock_jump = 5,  // the wall clock was wrong for a while
    quiet = 6,  // nothing runs, and `step` calls were made since it was quiet; waits for a word
  };
  Kind kind = Kind::begun;
  std::uint32_t writer = 0;
  std::uint64_t step = 0;
};
static_assert(sizeof(WorkerRecord) == 16, "no padding goes through the pipe");

// The descriptor of the pipe, in the worker.
inline constexpr int kRecordPipe = 3;

// Those of several threads do not mix. Ends the process where nobody listens any more.
void tell(const WorkerRecord& record);

}  // namespace spind::test
