#include "policies.h"

#include <algorithm>
#include <array>

#include "text.h"

namespace spind::tool {
namespace {

// A hundred years; longer would not fit into nanoseconds for much longer.
constexpr std::uint64_t kKeepSecondsMax = 100ull * 366 * 86'400;
constexpr std::int64_t kSecondNs = 1'000'000'000;

constexpr std::array<std::string_view, 4> kThinnings = {"all", "count", "ladder", "automatic"};

std::string_view thinning_name(Thinning thinning) {
  return kThinnings[static_cast<std::size_t>(thinning) - 1];
}

Error wrong(std::string text) { return {.code = Code::invalid_argument, .text = std::move(text)}; }

// Nanoseconds of an option in seconds, or for ever.
Result<std::optional<std::int64_t>> parse_length(const Args& args, std::string_view option) {
  if (args.value(option) == "forever") return std::optional<std::int64_t>(INT64_MAX);
  const auto seconds = args.number(option);
  if (!seconds.ok()) return seconds.error();
  if (!*seconds) return std::optional<std::int64_t>();
  if (**seconds > kKeepSecondsMax)
    return wrong("--" + std::string(option) + " is at most a hundred years, or forever");
  return std::optional(static_cast<std::int64_t>(**seconds) * kSecondNs);
}

std::string length_text(std::int64_t length_ns) {
  return length_ns == INT64_MAX ? "for ever"
                                : "for " + std::to_string(length_ns / kSecondNs) + " seconds";
}

}  // namespace

Result<std::optional<FloorPolicy>> parse_floor(const Args& args, FloorPolicy policy) {
  const auto keep_ns = parse_length(args, "keep");
  if (!keep_ns.ok()) return keep_ns.error();
  const auto entries = args.number("keep-entries");
  if (!entries.ok()) return entries.error();
  if (!*keep_ns && !*entries) return std::optional<FloorPolicy>();
  if (*keep_ns) policy.keep_ns = **keep_ns;
  if (*entries) policy.keep_entries = **entries;
  return std::optional(policy);
}

Result<std::optional<TrashPolicy>> parse_trash(const Args& args) {
  const auto keep_ns = parse_length(args, "trash");
  if (!keep_ns.ok()) return keep_ns.error();
  if (!*keep_ns) return std::optional<TrashPolicy>();
  return std::optional(TrashPolicy{**keep_ns});
}

Result<std::optional<VersionPolicy>> parse_versions(const Args& args, VersionPolicy policy) {
  const auto max = args.number("versions-max");
  if (!max.ok()) return max.error();
  const auto min = args.number("versions-min");
  if (!min.ok()) return min.error();
  const auto keep_ns = parse_length(args, "versions-keep");
  if (!keep_ns.ok()) return keep_ns.error();
  const bool counts = *max || *min || *keep_ns;
  const std::optional<std::string> name = args.value("versions");
  if (!name && !counts) return std::optional<VersionPolicy>();
  const auto* const known = std::find(kThinnings.begin(), kThinnings.end(), name.value_or("count"));
  if (known == kThinnings.end()) return wrong("--versions is all, count, ladder or automatic");
  const auto thinning = static_cast<Thinning>(known - kThinnings.begin() + 1);
  if (counts && thinning != Thinning::count_and_age)
    return wrong("--versions " + *name + " takes no numbers");
  if (policy.thinning != thinning) policy = {.thinning = thinning};
  if (*max) policy.count_max = **max;
  if (*min) policy.count_min = **min;
  if (*keep_ns) policy.keep_ns = **keep_ns;
  return std::optional(policy);
}

Result<std::optional<PieceRule>> parse_pieces(const Args& args) {
  const std::optional<std::string> name = args.value("pieces");
  if (!name) return std::optional<PieceRule>();
  for (const PieceRule rule : {PieceRule::fixed, PieceRule::content})
    if (*name == pieces_name(rule)) return std::optional(rule);
  return wrong("--pieces is fixed or content");
}

void add_policies(JsonObject& out, const SpaceInfo& info) {
  const VersionPolicy& versions = info.version_policy;
  out.number("trash_keep_ns", info.trash_policy.keep_ns);
  out.text("versions", thinning_name(versions.thinning));
  out.number("versions_min", versions.count_min).number("versions_keep_ns", versions.keep_ns);
  out.number("versions_max", versions.count_max);
  out.text("pieces", pieces_name(info.pieces));
}

std::string floor_text(const FloorPolicy& policy) {
  std::string text = length_text(policy.keep_ns);
  if (policy.keep_entries != 0)
    text += ", at most " + std::to_string(policy.keep_entries) + " entries";
  return text;
}

std::string_view pieces_name(PieceRule rule) {
  return rule == PieceRule::fixed ? "fixed" : "content";
}

std::string trash_text(const TrashPolicy& policy) { return length_text(policy.keep_ns); }

std::string versions_text(const VersionPolicy& policy) {
  if (policy.thinning == Thinning::keep_all) return "all";
  if (policy.thinning != Thinning::count_and_age)
    return "fewer the older they are (" + std::string(thinning_name(policy.thinning)) + ")";
  std::string text = length_text(policy.keep_ns);
  if (policy.count_max != 0) text += ", at most " + std::to_string(policy.count_max);
  if (policy.count_min != 0) text += "; always " + std::to_string(policy.count_min);
  return text;
}

}  // namespace spind::tool
