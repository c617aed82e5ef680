#include "support/store/side_loads.h"

#include "base/try.h"
#include "support/store/content.h"

namespace spind::test {

Result<Space> forgetful_space(const Session& session) {
  constexpr const char* kForgetfulSpace = "forgetful";
  Result<Space> space = session.space_by_alias(kForgetfulSpace);
  if (space.code() != Code::not_found) return space;
  SpaceOptions options{.alias = kForgetfulSpace};
  options.floor = {INT64_MAX, 8};
  return session.create_space(options);
}

Status let_go(const Space& forgetful, std::uint64_t round) {
  const std::string folder = "/" + std::to_string(round % 3);
  for (const std::uint64_t size_bytes : {40'000u, 100u, 50'000u}) {
    const std::string bytes = content(round, size_bytes);
    SPIND_TRY(forgetful.put(folder + "/deep/file", bytes, {.make_parents = true}));
    SPIND_TRY(forgetful.put("/kept", bytes));
  }
  SPIND_TRY_ASSIGN(const Written kept, forgetful.put("/kept", "now"));
  SPIND_TRY(forgetful.remove_version("/kept", kept.version - 1));
  SPIND_TRY(forgetful.remove_version("/kept", kept.version - 2));
  SPIND_TRY(forgetful.remove_version("/kept", kept.version - 3));
  SPIND_TRY_ASSIGN(const Written removed, forgetful.remove(folder));
  if (round % 5 == 0) SPIND_TRY(forgetful.rewind({.entry = removed.entry - 3}));
  if (round % 5 == 0) SPIND_TRY(forgetful.rewind({.entry = removed.entry}));
  SPIND_TRY(forgetful.purge(Ref::node(removed.node)));
  return {};
}

Status come_and_go(const Session& session, std::uint64_t round, std::uint64_t file_bytes) {
  SpaceOptions options;
  options.floor.keep_ns = 0;
  options.trash.keep_ns = 0;
  options.versions = {.thinning = Thinning::count_and_age, .count_max = 1};
  SPIND_TRY_ASSIGN(const Space space, session.create_space(options));
  for (std::uint64_t i = 0; i < 20; ++i)
    SPIND_TRY(
        space.put("/file " + std::to_string(i % 3), content(round + i, i % 2 * file_bytes + 9)));
  SPIND_TRY(space.remove("/file 1"));
  if (round % 2 == 0) SPIND_TRY(space.thin_versions());
  SPIND_TRY(space.disable());
  SPIND_TRY(space.purge());
  return {};
}

Status look_after(const Store& store) {
  constexpr std::uint64_t kScrubbedBytes = 1 << 20;
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
