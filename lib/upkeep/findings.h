// Collects what a check finds.
#pragma once

#include "spind/upkeep.h"

namespace spind::upkeep {

inline constexpr std::size_t kFindingsMax = 1000;  // kept in a report; more are counted

// One thread at a time.
class Findings {
 public:
  explicit Findings(CheckReport& report) : report_(report) {}

  void begin_space(const SpaceId& space) { space_ = space; }
  void add(std::string_view kind, NodeId node, std::string text) {
    ++report_.findings_total;
    if (report_.findings.size() < kFindingsMax)
      report_.findings.push_back({std::string(kind), space_, node, std::move(text)});
  }
  // A row that cannot be read is a finding; any other error ends the check.
  Status absorb(std::string_view kind, NodeId node, Error error) {
    if (error.code != Code::corruption && error.code != Code::not_found) return error;
    add(kind, node, error.text);
    return {};
  }

 private:
  CheckReport& report_;
  SpaceId space_{};
};

// Counts steps, tells the caller, and hears whether to stop. One thread at a time.
class Steps {
 public:
  explicit Steps(const CheckOptions& options) : options_(options) {}

  void expect(std::uint64_t total) { progress_.total += total; }
  // cancelled if the caller wants no more.
  Status step() {
    if (++progress_.done % kStepsATime != 0) return {};
    const bool stop = (options_.cancel && options_.cancel->cancelled()) ||
                      (options_.progress && !options_.progress(progress_));
    if (stop) return Error{.code = Code::cancelled, .text = "the check was cancelled"};
    return {};
  }

 private:
  static constexpr std::uint64_t kStepsATime = 512;
  const CheckOptions& options_;
  Progress progress_{};
};

}  // namespace spind::upkeep
