#include "side_by_side.h"

#include <algorithm>
#include <cstdio>

namespace spind::bench {
namespace {

constexpr int kTuningRuns = 2;

struct Samples {
  std::vector<double> rates, p99s;

  void add(const Sample& sample) {
    rates.push_back(sample.rate);
    p99s.push_back(sample.p99_ms);
  }
  Sample median_sample() const { return {median(rates), median(p99s)}; }
};

class Comparing {
 public:
  explicit Comparing(const Plan& plan) : plan_(plan) {}

  Sample timed(const std::string& name, const Run& run) const {
    if (plan_.settle) plan_.settle();
    const Sample sample = run();
    std::fprintf(stderr, "    %-66s %12.1f /s   p99 %9.3f ms\n", name.c_str(), sample.rate,
                 sample.p99_ms);
    return sample;
  }

  const Setting& fastest(const std::vector<Setting>& limits) const {
    if (limits.size() == 1 || !plan_.limit) return limits.front();
    std::vector<double> best(limits.size(), 0);
    for (int run = 0; run < kTuningRuns; ++run) {
      for (std::size_t i = 0; i < limits.size(); ++i) {
        best[i] = std::max(best[i], timed("tuning: " + limits[i].name, limits[i].run).rate);
      }
    }
    const auto index = std::max_element(best.begin(), best.end()) - best.begin();
    return limits[static_cast<std::size_t>(index)];
  }

 private:
  const Plan& plan_;
};

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Comparison side_by_side(const Plan& plan, const Run& ours, const std::vector<Setting>& limits) {
  const Comparing comparing(plan);
  const Setting& limit = comparing.fastest(limits);
  Samples our_samples, limit_samples;
  const auto run_ours = [&] {
    if (plan.ours) our_samples.add(comparing.timed("ours", ours));
  };
  const auto run_limit = [&] {
    if (plan.limit) limit_samples.add(comparing.timed("limit", limit.run));
  };
  for (int run = 0; run < plan.runs; ++run) {
    const bool ours_first = run % 2 == 0;
    if (ours_first) run_ours();
    run_limit();
    if (!ours_first) run_ours();
  }
  return {.ours = our_samples.median_sample(),
          .limit = limit_samples.median_sample(),
          .limit_setup = limit.name,
          .runs = plan.runs,
          .note = {},
          .held = true};
}

}  // namespace spind::bench
