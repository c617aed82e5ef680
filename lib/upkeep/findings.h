// Collects what a check finds, and tells how far it has come.
#pragma once

#include <algorithm>
#include <functional>

#include "spind/upkeep.h"
#include "upkeep/finding_kinds.h"
#include "upkeep/mending.h"

namespace spind::upkeep {

inline constexpr std::size_t kFindingsMax = 1000;  // kept in a report; more are counted

// Whether the error tells of a row that is missing or cannot be read, and not of the device or the
// caller.
inline bool is_damage(const Error& error) {
  return error.code == Code::corruption || error.code == Code::not_found ||
         error.code == Code::unsupported;
}

// Whether the keys of what was to be looked at cannot be had: that is no damage, and nobody can
// look.
inline bool is_locked(const Error& error) { return error.code == Code::key_unavailable; }

// One thread at a time.
class Findings {
 public:
  // The first kFindingsMax go to `list`, all count in `total` and are told to `found`, if given.
  Findings(std::vector<CheckFinding>& list, std::uint64_t& total,
           std::function<void(const CheckFinding&)> found = nullptr)
      : list_(list), total_(total), found_(std::move(found)) {}
  // What was set aside before, as the view shows it, is no finding any more. What is found is to be
  // mended, if there is a mending.
  void look_at(const kv::View& rows, Mending* mending) {
    rows_ = &rows;
    mending_ = mending;
  }

  void begin_space(const SpaceId& space) { space_ = space; }
  void add(Kind kind, NodeId node, std::string text, Mend mend = {});
  // Damage is a finding; any other error ends the check.
  Status absorb(Kind kind, NodeId node, Error error, Mend mend = {}) {
    if (!is_damage(error)) return error;
    add(kind, node, std::move(error.text), std::move(mend));
    return {};
  }

 private:
  bool is_aside(Kind kind, const Mend& mend) const;

  std::vector<CheckFinding>& list_;
  std::uint64_t& total_;
  const std::function<void(const CheckFinding&)> found_;
  const kv::View* rows_ = nullptr;
  Mending* mending_ = nullptr;
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
