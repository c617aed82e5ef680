// Ours and the limit, by turns on the same disk, so that what else the machine does meets both.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace spind::bench {

struct Sample {
  double rate = 0;    // units a second
  double p99_ms = 0;  // of one call; 0: not measured
  double p50_ms = 0;
  double cpu_ms = 0;  // processor time of the whole process for one call
};

// One timed run. What it sets up and tears down is not in its time.
using Run = std::function<Sample()>;

struct Setting {
  std::string name;  // how the limit is tuned
  Run run;
};

struct Comparison {
  Sample ours, limit;  // medians
  std::string limit_setup;
  int runs = 0;
  std::string note;
  bool held = true;  // what the row asks for beside the ratio

  double ratio() const { return limit.rate > 0 ? ours.rate / limit.rate : 0; }
};

double median(std::vector<double> values);

struct Plan {
  int runs = 5;                    // alternations
  bool ours = true, limit = true;  // one side alone is for a profiler, and compares nothing
  std::function<void()> settle{};  // called before each run
};

// Runs every setting of the limit twice and keeps the fastest; then ours and that one alternate,
// each being first every other time.
Comparison side_by_side(const Plan& plan, const Run& ours, const std::vector<Setting>& limits);

}  // namespace spind::bench
