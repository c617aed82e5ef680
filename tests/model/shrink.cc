#include "model/shrink.h"

#include <fstream>
#include <stdexcept>
#include <utility>

namespace spind::test {

namespace {

using Fails = std::function<bool(const std::vector<Op>&)>;
using Time = std::chrono::steady_clock::time_point;

bool past(Time end) { return std::chrono::steady_clock::now() > end; }

std::vector<Op> leave_out_steps(std::vector<Op> steps, const Fails& fails, Time end) {
  for (std::size_t size = (steps.size() + 1) / 2; size > 0;) {
    bool shorter = false;
    for (std::size_t at = 0; at < steps.size();) {
      if (past(end)) return steps;
      std::vector<Op> rest(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(at));
      const std::size_t next = std::min(at + size, steps.size());
      rest.insert(rest.end(), steps.begin() + static_cast<std::ptrdiff_t>(next), steps.end());
      if (fails(rest)) {
        steps = std::move(rest);
        shorter = true;
      } else {
        at = next;
      }
    }
    if (size > 1) {
      size /= 2;
    } else if (!shorter) {
      break;
    }
  }
  return steps;
}

std::vector<Op> zero_numbers(std::vector<Op> steps, const Fails& fails, Time end) {
  for (Op& step : steps) {
    for (const auto number : Op::numbers()) {
      if (past(end)) return steps;
      const std::uint32_t before = std::exchange(step.*number, 0);
      if (before != 0 && !fails(steps)) step.*number = before;
    }
  }
  return steps;
}

}  // namespace

std::vector<Op> shrink(std::vector<Op> steps, const Fails& fails, std::chrono::seconds limit) {
  const Time end = std::chrono::steady_clock::now() + limit;
  return zero_numbers(leave_out_steps(std::move(steps), fails, end), fails, end);
}

void write_steps(const std::filesystem::path& file, const std::vector<Op>& steps,
                 const std::string& comment) {
  std::ofstream out(file, std::ios::trunc);
  out << "# " << comment << "\n";
  for (const Op& step : steps) out << step.to_string() << "\n";
  if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

std::vector<Op> read_steps(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  std::vector<Op> steps;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::optional<Op> step = Op::parse(line);
    if (!step) throw std::runtime_error(file.string() + ": not a step: " + line);
    steps.push_back(*step);
  }
  return steps;
}

}  // namespace spind::test
