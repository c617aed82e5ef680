// Collects what a check finds, and tells how far it has come.
#pragma once

#include <algorithm>

#include "spind/upkeep.h"
#include "upkeep/finding_kinds.h"

namespace spind::upkeep {

inline constexpr std::size_t kFindingsMax = 1000;  // kept in a report; more are counted

// Whether the error tells of a row that is missing or cannot be read, and not of the device or the
// caller.
inline bool is_damage(const Error& error) {
  return error.code == Code::corruption || error.code == Code::not_found ||
         error.code == Code::unsupported;
}

// One thread at a time.
class Findings {
 public:
  explicit Findings(CheckReport& report) : report_(report) {}

  void begin_space(const SpaceId& space) { space_ = space; }
  void add(Kind kind, NodeId node, std::string text) {
    ++report_.findings_total;
    if (report_.findings.size() < kFindingsMax)
      report_.findings.push_back({std::string(name_of(kind)), space_, node, std::move(text)});
  }
  // Damage is a finding; any other error ends the check.
  Status absorb(Kind kind, NodeId node, Error error) {
    if (!is_damage(error)) return error;
    add(kind, node, std::move(error.text));
    return {};
  }

 private:
  CheckReport& report_;
  SpaceId space_{};
};

// Counts nodes, tells the caller, and hears whether to stop. One thread at a time.
class Steps {
 public:
  explicit Steps(const CheckOptions& options) : options_(options) {}

  void expect(std::uint64_t nodes) { progress_.total += nodes; }
  // A node was looked at, for the first time. Where the totals are too small, the total grows.
  Status node() {
    ++progress_.done;
    progress_.total = std::max(progress_.total, progress_.done);
    return step();
  }
  // Something else was. Both answer cancelled if the caller wants no more.
  Status step() {
    const bool ask = ++steps_ % kStepsATime == 0;
    const bool stop = (options_.cancel && options_.cancel->cancelled()) ||
                      (ask && options_.progress && !options_.progress(progress_));
    if (stop) return Error{.code = Code::cancelled, .text = "the check was cancelled"};
    return {};
  }

 private:
  static constexpr std::uint64_t kStepsATime = 512;
  const CheckOptions& options_;
  Progress progress_{};
  std::uint64_t steps_ = 0;
};

}  // namespace spind::upkeep
