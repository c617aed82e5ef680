// For every verb the n-th call of each seam fails: nothing is half done, every invariant holds, and
// the verb can be tried again.
#include <doctest/doctest.h>

#include <random>

#include "fault/fault_sweep.h"

namespace spind::test {
namespace {

struct Sort {
  Seam seam;
  Code code;
  const char* name;
};
constexpr Sort kSorts[] = {
    {Seam::kv, Code::io_error, "kv"},       {Seam::kv, Code::no_space, "kv, no space"},
    {Seam::files, Code::io_error, "files"}, {Seam::files, Code::no_space, "files, no space"},
    {Seam::blobs, Code::io_error, "blobs"},
};

// Of the cases that work on either, one in so many.
constexpr std::uint64_t kShareEncrypted = 6;

}  // namespace

TEST_CASE("fault: any failing call leaves a verb whole or undone, and it can be tried again") {
  std::string rows;
  std::uint64_t points = 0;
  const auto take = [&](const std::string& verb, const Sort& sort, const SweepResult& result) {
    points += result.points;
    CAPTURE(verb);
    INFO("seam: " << std::string(sort.name));
    INFO(result.text);
    CHECK(result.violations == 0);
    rows += std::string(rows.empty() ? "" : ",\n ") + "{\"verb\": \"" + verb + "\", \"seam\": \"" +
            sort.name + "\", \"points\": " + std::to_string(result.points) +
            ", \"violations\": " + std::to_string(result.violations) + "}";
  };
  std::mt19937_64 random(seed());
  for (const FaultCase& one : fault_cases()) {
    if (random() % scaled(3, 1, 1) != 0) continue;
    const bool encrypted =
        one.encrypted == Encrypted::always ||
        (one.encrypted == Encrypted::sometimes && random() % kShareEncrypted == 0);
    const Beginning beginning(one, encrypted);
    const Sort* const only = effort() == Effort::fast ? &kSorts[random() % 3] : nullptr;
    for (const Sort& sort : kSorts) {
      if (only != nullptr && &sort != only) continue;
      // A repair changes rows only, and reads files and blobs in the same way.
      if (one.mends != Mends::nothing && sort.seam != Seam::kv && &sort != &kSorts[2]) continue;
      take(one.name, sort, sweep(one, beginning, sort.seam, sort.code));
    }
  }
  for (const Sort& sort : kSorts)
    if (sort.seam == Seam::files && !kThreadSanitizer)
      take("checkpoint", sort, sweep_checkpoint(sort.code, sort.code == Code::io_error));
  CHECK(points > scaled(20, 200, 200));
  write_report("fault.json", "[" + rows + "]");
}

}  // namespace spind::test
