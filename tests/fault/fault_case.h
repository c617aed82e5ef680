// The verbs whose every call of a seam is made to fail, and what a store holds, as text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/store/test_store.h"

namespace spind::test {

struct FaultCase {
  std::string name;
  std::function<Status(TestStore&)> run;
  bool changes_space = true;                  // whether the space "faults" is another afterwards
  std::function<void(TestStore&)> prepare{};  // before, without a fault
  bool takes_ids = false;  // an attempt that failed may have taken ids that do not come again
};

const std::vector<FaultCase>& fault_cases();

// The tree that every case finds.
void make_tree(TestStore& store);

// All nodes of the space with all that is known of them and the bytes of all versions; without their
// ids if these may be others.
Result<std::string> describe(const Space& space, bool with_ids = true);

}  // namespace spind::test
