// The verbs whose every call of a seam is made to fail.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/store/test_store.h"

namespace spind::test {

// What a case makes good of a store that its preparing has damaged.
enum class Mends : std::uint8_t { nothing, what_it_can, all };

// Whether the store of a case is encrypted; its plain rows or bytes may be what a case damages.
enum class Encrypted : std::uint8_t { sometimes, always, never };

struct FaultCase {
  std::string name;
  std::function<Status(TestStore&)> run;
  bool changes_space = true;                  // whether the space "faults" is another afterwards
  std::function<void(TestStore&)> prepare{};  // before, without a fault
  bool takes_ids = false;  // an attempt that failed may have taken ids that do not come again
  // Else what it had done by the time of a fault stays done, and the rest stays damaged.
  Mends mends = Mends::nothing;
  bool is_long = false;  // in the shorter runs few of its calls fail
  Encrypted encrypted = Encrypted::sometimes;
};

const std::vector<FaultCase>& fault_cases();

// Of repairing, scrubbing and the rewriting of packs.
std::vector<FaultCase> upkeep_cases();
// Of making, changing and destroying keys.
std::vector<FaultCase> keys_cases();

}  // namespace spind::test
