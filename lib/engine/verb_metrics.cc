#include "engine/verb_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <string_view>

namespace spind::engine {
namespace {

constexpr std::int64_t kFirstBoundNs = 16'000;

constexpr std::string_view kVerbNames[] = {
#define SPIND_VERB(name) #name,
    SPIND_VERBS(SPIND_VERB)
#undef SPIND_VERB
};

}  // namespace

std::string_view verb_name(Verb verb) { return kVerbNames[static_cast<std::size_t>(verb)]; }

void VerbMetrics::record(Verb verb, std::int64_t duration_ns, Code outcome) {
  Histogram& histogram = verbs_[static_cast<std::size_t>(verb)];
  const auto scaled = static_cast<std::uint64_t>(std::max<std::int64_t>(duration_ns - 1, 0)) /
                      static_cast<std::uint64_t>(kFirstBoundNs);
  const std::size_t bucket = std::min<std::size_t>(std::bit_width(scaled), kBuckets - 1);
  histogram.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  histogram.sum_ns.fetch_add(static_cast<std::uint64_t>(duration_ns), std::memory_order_relaxed);
  if (outcome != Code::ok) histogram.errors.fetch_add(1, std::memory_order_relaxed);
}

void VerbMetrics::print(std::string& out) const {
  auto to = std::back_inserter(out);
  fmt::format_to(to,
                 "# HELP spind_verb_seconds Time from call to answer.\n"
                 "# TYPE spind_verb_seconds histogram\n");
  for (std::size_t verb = 0; verb < verbs_.size(); ++verb) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      count += verbs_[verb].buckets[i].load(std::memory_order_relaxed);
      const double bound = static_cast<double>(kFirstBoundNs << i) / 1e9;
      const std::string le = i + 1 == kBuckets ? "+Inf" : fmt::format("{:.6g}", bound);
      fmt::format_to(to, "spind_verb_seconds_bucket{{verb=\"{}\",le=\"{}\"}} {}\n",
                     kVerbNames[verb], le, count);
    }
    const double sum = static_cast<double>(verbs_[verb].sum_ns.load()) / 1e9;
    fmt::format_to(to,
                   "spind_verb_seconds_sum{{verb=\"{0}\"}} {1:.9g}\n"
                   "spind_verb_seconds_count{{verb=\"{0}\"}} {2}\n",
                   kVerbNames[verb], sum, count);
  }
  fmt::format_to(to,
                 "# HELP spind_verb_errors_total Calls that answered an error.\n"
                 "# TYPE spind_verb_errors_total counter\n");
  for (std::size_t verb = 0; verb < verbs_.size(); ++verb)
    fmt::format_to(to, "spind_verb_errors_total{{verb=\"{}\"}} {}\n", kVerbNames[verb],
                   verbs_[verb].errors.load());
}

}  // namespace spind::engine
