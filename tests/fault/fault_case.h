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
  bool changes_space = true;                    // whether the space "faults" is another afterwards
  std::function<void(const Space&)> prepare{};  // before, without a fault
};

const std::vector<FaultCase>& fault_cases();

// The tree that every case finds.
void make_tree(TestStore& store);

// All nodes of the space with all that is known of them and the bytes of all versions.
Result<std::string> describe(const Space& space);

}  // namespace spind::test
