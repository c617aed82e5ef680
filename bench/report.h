// What was measured: a table for people, and JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "row.h"

namespace spind::bench {

struct Measured {
  Row row;
  Comparison comparison;

  bool pass() const { return comparison.ratio() >= row.goal && comparison.held; }
};

std::string table(const std::vector<Measured>& rows);
// An array of {row, what, ours, limit, ratio, goal, pass, unit, runs, p99, p99_limit, limit_setup,
// note}; p99 in milliseconds.
std::string json(const std::vector<Measured>& rows);

}  // namespace spind::bench
