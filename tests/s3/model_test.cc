// The engine's behaviour where its blobs lie in a bucket: random verbs, compared with the model as
// tests/model does. Half of the runs come through a proxy that spoils some of what goes through it.
//
// SPIND_TEST_S3_SHORT: a tenth of it.
#include <doctest/doctest.h>

#include "model/model_run.h"
#include "s3/way.h"

namespace spind::test {
namespace {

constexpr std::uint32_t kFaultsOfAThousand = 20;

std::vector<Op> random_steps(std::uint64_t run_seed) {
  OpSource source(run_seed);
  std::vector<Op> steps(100 + run_seed % 5 * 50);
  for (Op& step : steps) step = source.next();
  return steps;
}

std::string run_in_bucket(const std::vector<Op>& steps, std::uint64_t run) {
  const Prefix prefix;
  Way way(prefix.options(), seed() + run);
  if (run % 2 == 1) way.set_faults(kFaultsOfAThousand);
  S3Options through = way.bucket();
  through.wait_first = std::chrono::milliseconds(1);
  through.attempts_max = 20;
  through.retry_reserve_max = 1e9;
  const auto bucket = open_s3(through);
  if (!bucket.ok()) return bucket.error().to_string();
  StoreOptions options;
  options.blobs = *bucket;
  options.allow_unfenced = true;  // what the proxy spoils may look like a server that cannot
  options.gather_window = std::chrono::milliseconds(0);
  return run_steps(MetadataEngine::rocksdb, steps, options);
}

}  // namespace

TEST_CASE("model: random verbs agree with the model where the blobs lie in a bucket") {
  const bool short_form = !from_environment("SPIND_TEST_S3_SHORT").empty();
  const std::uint64_t verbs = scaled(400, 6'000, 200'000) / (short_form ? 10 : 1);
  std::uint64_t asked = 0;
  for (std::uint64_t run = 0; asked < verbs; ++run) {
    const std::vector<Op> steps = random_steps(seed() + run);
    asked += steps.size();
    CAPTURE(seed() + run);
    CHECK(run_in_bucket(steps, run) == "");
  }
  MESSAGE(asked << " verbs");
}

}  // namespace spind::test
