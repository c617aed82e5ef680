#include "support/store/aftermath.h"

#include <algorithm>

#include "support/store/stored_objects.h"

namespace spind::test {

void Aftermath::note(const std::string& line) {
  if (text.size() < 4'000) text += line + "\n";
}

void Aftermath::add(const Aftermath& other) {
  kills += other.kills;
  acknowledged += other.acknowledged;
  lost += other.lost;
  torn += other.torn;
  check_findings += other.check_findings;
  orphans += other.orphans;
  copies += other.copies;
  memory_peak_bytes = std::max(memory_peak_bytes, other.memory_peak_bytes);
  text += other.text;
}

std::string Aftermath::report() const {
  return "{\"kills\": " + std::to_string(kills) +
         ", \"acknowledged\": " + std::to_string(acknowledged) +
         ", \"lost\": " + std::to_string(lost) + ", \"torn\": " + std::to_string(torn) +
         ", \"check_findings\": " + std::to_string(check_findings) + "}";
}

void take_note(const WorkerRecord& record, Ledger& ledger, Aftermath& aftermath) {
  switch (record.kind) {
    case WorkerRecord::Kind::begun: ledger.begun(record.writer, record.step); break;
    case WorkerRecord::Kind::acknowledged: ledger.acknowledged(record.writer, record.step); break;
    case WorkerRecord::Kind::failed:
      aftermath.note("writer " + std::to_string(record.writer) + " failed in step " +
                     std::to_string(record.step));
      break;
    default: break;  // for others
  }
}

void look_at(const Store& store, Ledger& ledger, Aftermath& aftermath) {
  const Session session = store.session({.user = "ada"}).value();
  const Result<Space> space = session.space_by_alias(kLedgerSpace);
  if (space.ok()) {
    const Ledger::Verdict verdict = ledger.settle(*space);
    aftermath.lost += verdict.lost;
    aftermath.torn += verdict.torn;
    if (!verdict.text.empty()) aftermath.note(verdict.text);
  } else if (ledger.acknowledged_count() > 0) {
    ++aftermath.lost;
    aftermath.note("the space: " + space.error().to_string());
  }

  // What is left of sparse packs moves in the runs that are ended.
  const Result<CollectReport> collected =
      store.collect({.grace = std::chrono::seconds(0), .rewrite_below_percent = 0});
  if (!collected.ok()) aftermath.note("collect: " + collected.error().to_string());
  const Result<CheckReport> checked = store.check();
  if (!checked.ok()) return aftermath.note("check: " + checked.error().to_string());
  aftermath.check_findings += checked->findings_total;
  for (const CheckFinding& finding : checked->findings)
    aftermath.note("check: " + finding.kind + ": " + finding.text);

  const Result<ScrubReport> scrubbed = store.scrub();
  if (!scrubbed.ok()) return aftermath.note("scrub: " + scrubbed.error().to_string());
  aftermath.check_findings += scrubbed->findings_total + scrubbed->findings_before;
  for (const CheckFinding& finding : scrubbed->findings)
    aftermath.note("scrub: " + finding.kind + ": " + finding.text);
}

void count_objects(const std::string& folder, const Ledger& ledger, Aftermath& aftermath) {
  const std::string orphans = stray_objects(folder, ledger.contents());
  if (orphans.empty()) return;
  ++aftermath.orphans;
  aftermath.note(orphans);
}

}  // namespace spind::test
