// One request of each verb, on a file of two versions and with a place beside it, for tests that
// ask the same of them all.
#pragma once

#include <vector>

#include "support/store/request.h"

namespace spind::test {

inline std::vector<Request> all_verbs(const Ref& ref, const Ref& to = "/elsewhere") {
  std::vector<Request> requests;
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    Request request{.verb = static_cast<Verb>(i), .ref = ref, .to = to};
    request.size_bytes = 100;
    request.mtime_ns = 12'345;
    request.mark.pinned = true;
    request.properties = {{"colour", "blue"}, {"tag:draft", ""}};
    requests.push_back(request);
  }
  return requests;
}

}  // namespace spind::test
