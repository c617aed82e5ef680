#include "s3/chaos_report.h"

#include <doctest/doctest.h>

#include <vector>

namespace spind::test {
namespace {

std::vector<ChaosRow>& all_rows() {
  static std::vector<ChaosRow> rows;
  return rows;
}

}  // namespace

void report(const ChaosRow& row) {
  MESSAGE(row.fault << ": fired " << row.fired);
  CAPTURE(row.fault);
  CAPTURE(row.text);
  CHECK(row.fired > 0);
  CHECK(row.lost == 0);
  CHECK(row.wrong == 0);
  CHECK(row.orphans == 0);
  CHECK(row.text == "");
  // What is reported is the long run, which goes through all faults.
  if (!from_environment("SPIND_TEST_S3_SHORT").empty()) return;
  all_rows().push_back(row);
  std::string json;
  for (const ChaosRow& one : all_rows())
    json += std::string(json.empty() ? "[" : ",\n ") + "{\"fault\": \"" + one.fault +
            "\", \"fired\": " + std::to_string(one.fired) +
            ", \"lost\": " + std::to_string(one.lost) +
            ", \"wrong\": " + std::to_string(one.wrong) +
            ", \"orphans\": " + std::to_string(one.orphans) + "}";
  write_report("chaos.json", json + "]");
}

S3Options through(const ChaosProxy& proxy, S3Options options) {
  options.endpoint = proxy.url();
  options.path_style = true;  // no bucket has a name there
  options.connect_timeout = std::chrono::milliseconds(1'000);
  options.stall_timeout = std::chrono::milliseconds(1'000);
  options.request_timeout = std::chrono::milliseconds(3'000);
  options.time_max = std::chrono::milliseconds(4'000);
  options.attempts_max = 4;
  options.wait_first = std::chrono::milliseconds(5);
  options.wait_max = std::chrono::milliseconds(50);
  options.retry_reserve_max = 1e6;
  options.part_bytes = 5u << 20;  // so that some go in parts
  options.hedge_reads = true;
  return options;
}

void judge_store(FarStore& store, BlobStore& bucket, ChaosRow& row) {
  const Status collected = store.collect_past_grace();
  if (!collected.ok()) row.note("collect: " + collected.error().to_string());
  const auto checked = store.store().check({.read_content = true});
  if (!checked.ok()) return row.note("check: " + checked.error().to_string());
  for (const CheckFinding& finding : checked->findings)
    row.note("check: " + finding.kind + ": " + finding.text);
  const auto scrubbed = store.store().scrub();
  if (!scrubbed.ok()) return row.note("scrub: " + scrubbed.error().to_string());
  for (const CheckFinding& finding : scrubbed->findings)
    row.note("scrub: " + finding.kind + ": " + finding.text);
  const ListingDifference listing = compare_listing(store.rows(), bucket);
  row.lost += listing.missing;
  row.orphans += listing.orphans;
  if (!listing.text.empty()) row.note(listing.text);
}

}  // namespace spind::test
