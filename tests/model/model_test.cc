// Random runs against the model, and every run that ever failed.
//
// SPIND_SEED chooses the runs; a run that fails is made shorter and written to tests/model/kept,
// where it is replayed from then on.
#include <doctest/doctest.h>

#include <algorithm>
#include <future>

#include "model/model_run.h"
#include "model/shrink.h"
#include "spind/blob_layers.h"
#include "spind/blob_places.h"
#include "support/harness.h"
#include "support/store/open_door.h"

namespace spind::test {
namespace {

const std::filesystem::path kKept = SPIND_KEPT_RUNS;

struct Outcome {
  std::uint64_t verbs = 0;
  std::vector<std::string> divergences;
};

std::vector<Op> random_steps(std::uint64_t run_seed) {
  OpSource source(run_seed);
  std::vector<Op> steps(50 + run_seed % 7 * 200);
  for (Op& step : steps) step = source.next();
  return steps;
}

// Keeps a shortened form of what failed, and says where.
std::string keep(MetadataEngine engine, std::uint64_t run_seed, const std::vector<Op>& steps) {
  const auto fails = [engine](const std::vector<Op>& some) {
    return !run_steps(engine, some).empty();
  };
  const std::vector<Op> shortest = shrink(steps, fails, std::chrono::seconds(90));
  const std::string name =
      std::string(engine_name(engine)) + "-" + std::to_string(run_seed) + ".ops";
  const std::string different = run_steps(engine, shortest);
  write_steps(kKept / name, shortest, different.substr(0, different.find('\n')));
  return different + " (" + (kKept / name).string() + ")";
}

Outcome random_runs(MetadataEngine engine, std::uint64_t verbs) {
  Outcome outcome;
  for (std::uint64_t run = 0; outcome.verbs < verbs && outcome.divergences.empty(); ++run) {
    const std::uint64_t run_seed = seed() + run * 2 + static_cast<std::uint64_t>(engine);
    const std::vector<Op> steps = random_steps(run_seed);
    outcome.verbs += steps.size();
    if (!run_steps(engine, steps).empty())
      outcome.divergences.push_back(keep(engine, run_seed, steps));
  }
  return outcome;
}

// Blobs in a place whose requests often fail, or are carried out and yet answered by an error.
BlobStorePtr unsteady_blobs(std::uint64_t of_seed) {
  FaultOptions faults{.seed = of_seed, .errors = 100, .lost_answers = 100, .torn_puts = 50};
  RetryOptions retry{.attempts_max = 20, .reserve_max = 1e9};
  retry.wait_first = std::chrono::milliseconds(0);
  return with_retry(with_faults(memory_blobs(), faults), retry);
}

}  // namespace

TEST_CASE("model: a step is the same after it was written down") {
  OpSource source(seed());
  for (int i = 0; i < 1000; ++i) {
    const Op op = source.next();
    const std::optional<Op> again = Op::parse(op.to_string());
    REQUIRE(again.has_value());
    CHECK(again->to_string() == op.to_string());
    if (op.act == Act::call || op.act == Act::upload) CHECK(again->verb == op.verb);
  }
  CHECK_FALSE(Op::parse("stat node=x").has_value());
  CHECK_FALSE(Op::parse("fly").has_value());
}

TEST_CASE("model: a failing run is made as short as it can be, and comes back from its file") {
  OpSource source(seed());
  std::vector<Op> steps(60);
  for (Op& step : steps) step = source.next();
  steps[40] = *Op::parse("remove node=7 tail=1 name=3 request=2");
  const auto fails = [](const std::vector<Op>& some) {
    return std::any_of(some.begin(), some.end(), [](const Op& op) {
      return op.act == Act::call && op.verb == Verb::remove && op.node == 7 && op.request == 2;
    });
  };
  const std::vector<Op> shortest = shrink(steps, fails, std::chrono::seconds(60));
  REQUIRE(shortest.size() == 1);
  CHECK(shortest[0].to_string() == "remove node=7 request=2");
  TemporaryFolder folder;
  write_steps(folder / "run.ops", shortest, "a comment");
  CHECK(read_steps(folder / "run.ops").at(0).to_string() == shortest[0].to_string());
}

TEST_CASE("model: every run that once failed agrees with the model") {
  for (const auto& file : std::filesystem::directory_iterator(kKept)) {
    if (file.path().extension() != ".ops") continue;
    CAPTURE(file.path().string());
    for (const MetadataEngine engine : engines())
      CHECK(run_steps(engine, read_steps(file.path())) == "");
  }
}

TEST_CASE("model: random verbs agree with the model on both key-value stores") {
  const std::uint64_t verbs = scaled(4'000, 200'000, 10'000'000);
  std::vector<std::future<Outcome>> running;
  for (const MetadataEngine engine : engines())
    running.push_back(
        std::async(std::launch::async, random_runs, engine, verbs / engines().size()));
  Outcome all;
  for (auto& one : running) {
    const Outcome outcome = one.get();
    all.verbs += outcome.verbs;
    for (const std::string& divergence : outcome.divergences) {
      all.divergences.push_back(divergence);
      MESSAGE(divergence);
    }
  }
  CHECK(all.divergences.empty());
  CHECK(all.verbs >= verbs);
  write_report("model.json", "{\"verbs\": " + std::to_string(all.verbs) + ", \"divergences\": " +
                                 std::to_string(all.divergences.size()) + "}");
}

TEST_CASE("model: random verbs agree with the model where everything is encrypted") {
  const std::uint64_t verbs = scaled(1'500, 20'000, 500'000);
  std::uint64_t asked = 0;
  for (std::uint64_t run = 0; asked < verbs; ++run) {
    const MetadataEngine engine = engines()[run % engines().size()];
    const std::vector<Op> steps = random_steps(seed() + 2'000'000 + run);
    asked += steps.size();
    StoreOptions options;
    options.keys = open_door();
    CHECK(run_steps(engine, steps, options) == "");
  }
}

TEST_CASE("model: random verbs agree with the model where the blobs lie elsewhere") {
  const std::uint64_t verbs = scaled(1'500, 20'000, 500'000);
  std::uint64_t asked = 0;
  for (std::uint64_t run = 0; asked < verbs; ++run) {
    const MetadataEngine engine = engines()[run % engines().size()];
    const std::vector<Op> steps = random_steps(seed() + 1'000'000 + run);
    asked += steps.size();
    StoreOptions options;
    options.blobs = unsteady_blobs(seed() + run);
    options.gather_window = std::chrono::milliseconds(0);
    CHECK(run_steps(engine, steps, options) == "");
  }
}

}  // namespace spind::test
