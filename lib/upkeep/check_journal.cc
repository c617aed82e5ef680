#include "upkeep/check_journal.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/try.h"
#include "journal/journal.h"
#include "model/keys.h"

namespace spind::upkeep {
namespace {

// The hashes that an entry holds of its manifests.
Status check_manifests(space::Reading& reading, const model::Entry& entry, Findings& findings) {
  for (std::uint32_t i = 0; i < entry.manifests.size(); ++i) {
    SPIND_TRY_ASSIGN(const auto row, reading.snapshot().get(
                                         kv::Family::attachment,
                                         model::attachment_key(reading.space(), {entry.number, i})));
    if (!row || sha256(as_bytes(*row)) != entry.manifests[i])
      findings.add("manifest", 0,
                   fmt::format("entry {}: a manifest is not the one it was made with",
                               entry.number));
  }
  return {};
}

}  // namespace

Result<std::uint64_t> check_journal(space::Reading& reading, const model::Head& head,
                                    Findings& findings, Steps& steps) {
  journal::Walker walker(reading.snapshot(), reading.space(), head.floor + 1);
  std::uint64_t count = 0;
  model::Entry last;
  EntryNumber visible = 0;
  for (;;) {
    SPIND_TRY(steps.step());
    auto next = walker.next();
    if (!next.ok()) {
      SPIND_TRY(findings.absorb("journal", 0, std::move(next).error()));
      return count;
    }
    if (!*next) break;
    ++count;
    SPIND_TRY(check_manifests(reading, **next, findings));
    if ((*next)->time_ns < last.time_ns)
      findings.add("journal", 0, fmt::format("entry {}: time goes back", (*next)->number));
    if ((*next)->visible) visible = (*next)->number;
    last = std::move(**next);
  }
  if (last.number != head.entry || walker.chain() != head.chain || last.time_ns != head.time_ns)
    findings.add("head", 0, fmt::format("the head is at entry {}, the journal ends with {}",
                                        head.entry, last.number));
  if (visible != head.visible)
    findings.add("head", 0, fmt::format("the head says that {} is visible, the journal says {}",
                                        head.visible, visible));
  return count;
}

}  // namespace spind::upkeep
