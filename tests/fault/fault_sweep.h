// Fails the n-th call of a seam during a verb, for n = 1, 2, 3 … until the verb no longer meets the
// fault, and looks at what is left each time.
#pragma once

#include <cstdint>
#include <string>

#include "fault/fault_case.h"
#include "support/store/test_clock.h"

namespace spind::test {

enum class Seam : std::uint8_t { kv, files, blobs };
const char* seam_name(Seam seam);

struct SweepResult {
  std::uint64_t points = 0;  // calls that were made to fail
  std::uint64_t violations = 0;
  std::string text{};  // of the first ones
};

// What the sweeps of a case begin with: made once, closed, and copied for each call that fails.
class Beginning {
 public:
  Beginning(const FaultCase& fault_case, bool encrypted);

 private:
  TestClock clock_;

 public:
  const bool encrypted;
  TestStore store;
};

// With no_space the store must recover without being opened again.
SweepResult sweep(const FaultCase& fault_case, const Beginning& beginning, Seam seam, Code code);

// The same of Store::checkpoint, by the seam of files.
SweepResult sweep_checkpoint(Code code, bool encrypted);

}  // namespace spind::test
