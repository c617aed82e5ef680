#include "support/store/upkeep_step.h"

#include "base/try.h"
#include "support/store/content.h"

namespace spind::test {
namespace {

constexpr std::uint64_t kScrubbedBytes = 1 << 20;

}  // namespace

Status come_and_go(const Session& session, std::uint64_t round) {
  SpaceOptions options;
  options.floor.keep_ns = 0;
  options.trash.keep_ns = 0;
  options.versions = {.thinning = Thinning::count_and_age, .count_max = 1};
  SPIND_TRY_ASSIGN(const Space space, session.create_space(options));
  for (std::uint64_t i = 0; i < 20; ++i)
    SPIND_TRY(space.put("/file " + std::to_string(i % 3), content(round + i, i % 2 * 250'000 + 9)));
  SPIND_TRY(space.remove("/file 1"));
  if (round % 2 == 0) SPIND_TRY(space.thin_versions());
  SPIND_TRY(space.disable());
  SPIND_TRY(space.purge());
  return {};
}

Status look_after(const Store& store) {
  SPIND_TRY(store.collect(
      {.grace = std::chrono::seconds(0), .rewrite_below_percent = 80, .rewrite_rate_bytes = 0}));
  ScrubOptions options;
  options.progress = [](const Progress& progress) { return progress.done < kScrubbedBytes; };
  const Result<ScrubReport> scrubbed = store.scrub(options);
  if (!scrubbed.ok() && scrubbed.code() != Code::cancelled) return scrubbed.error();
  if (scrubbed.ok() && scrubbed->findings_total + scrubbed->findings_before != 0)
    return Error{.code = Code::corruption, .text = "a scrub found damage"};
  return {};
}

}  // namespace spind::test
