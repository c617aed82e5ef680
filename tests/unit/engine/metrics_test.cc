// The metrics of a store: dashboards and alerts know them by these names.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "support/store/content.h"
#include "support/store/test_clock.h"
#include "support/store/test_store.h"

namespace spind::test {
namespace {

// Of a store that keeps its blobs in its folder, each with its type, in the order of their names.
constexpr std::string_view kMetrics[] = {
    "spind_blob_removals_total counter",
    "spind_blobs_removed_total counter",
    "spind_cache_hits_total counter",
    "spind_cache_misses_total counter",
    "spind_commits_total counter",
    "spind_content_gathered_bytes_total counter",
    "spind_content_read_bytes_total counter",
    "spind_content_written_bytes_total counter",
    "spind_corruptions_total counter",
    "spind_kv_bytes_total counter",
    "spind_kv_rows_total counter",
    "spind_memory_budget_bytes gauge",
    "spind_memory_bytes gauge",
    "spind_metadata_disk_bytes gauge",
    "spind_pack_appends_total counter",
    "spind_pack_moved_bytes_total counter",
    "spind_pack_syncs_total counter",
    "spind_packs_rewritten_total counter",
    "spind_pieces_shared_total counter",
    "spind_pieces_stored_total counter",
    "spind_pieces_waiting gauge",
    "spind_pieces_waiting_seconds gauge",
    "spind_reclaim_waiting_rows gauge",
    "spind_reclaim_waiting_seconds gauge",
    "spind_reclaim_waiting_spaces gauge",
    "spind_reclaimed_entries_total counter",
    "spind_reclaimed_nodes_total counter",
    "spind_reclaimed_spaces_total counter",
    "spind_reclaimed_versions_total counter",
    "spind_refusals_total counter",
    "spind_reruns_total counter",
    "spind_retired_trash_items_total counter",
    "spind_row_cache_hits_total counter",
    "spind_row_cache_misses_total counter",
    "spind_scrub_bytes_total counter",
    "spind_scrub_completed_timestamp_seconds gauge",
    "spind_scrub_findings_total counter",
    "spind_staged_backlog_bytes gauge",
    "spind_stall_microseconds_total counter",
    "spind_store_poisoned gauge",
    "spind_store_read_only gauge",
    "spind_sync_group_size histogram",
    "spind_syncs_total counter",
    "spind_thinned_versions_total counter",
    "spind_uploads_waiting gauge",
    "spind_uploads_waiting_seconds gauge",
    "spind_verb_errors_total counter",
    "spind_verb_seconds histogram",
};

// The names and types that the text declares, sorted.
std::vector<std::string> declared(const std::string& text) {
  constexpr std::string_view kType = "# TYPE ";
  std::vector<std::string> types;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(kType)) types.push_back(line.substr(kType.size()));
  std::sort(types.begin(), types.end());
  return types;
}

// Those of one that are not in the other, each on a line.
template <class These, class Those>
std::string only_in(const These& these, const Those& those) {
  std::string found;
  for (const auto& one : these)
    if (std::find(std::begin(those), std::end(those), one) == std::end(those))
      found.append(one).append(1, '\n');
  return found;
}

// Of the line that begins with this, before the blank.
std::uint64_t value_of(const std::string& text, const std::string& name) {
  const std::size_t at = ("\n" + text).find("\n" + name + " ");
  CAPTURE(name);
  REQUIRE(at != std::string::npos);
  return std::stoull(text.substr(at + name.size() + 1));
}

TEST_CASE("metrics: a store that did some work tells all of them, by the names that they had") {
  TestStore store(engines().back());
  const Space space = store.make_space("metrics");
  REQUIRE(space.put("/small", "x").ok());
  REQUIRE(space.put("/packed", content(1, 70'000)).ok());
  REQUIRE(space.put("/large", content(2, 1'500'000)).ok());
  REQUIRE(space.get("/large").ok());
  REQUIRE(space.list("/").ok());
  REQUIRE(space.copy("/packed", "/copied").ok());
  REQUIRE(store.store().collect().ok());
  const std::string text = store.store().metrics();
  const std::vector<std::string> types = declared(text);
  CHECK(only_in(kMetrics, types) == "");  // missing, renamed, or of another type
  CHECK(only_in(types, kMetrics) == "");  // new: to be added here
  CHECK(std::adjacent_find(types.begin(), types.end()) == types.end());
  // Each has a line of help before it, and samples behind it.
  for (const std::string& type : types) {
    CAPTURE(type);
    const std::string name = type.substr(0, type.find(' '));
    CHECK(text.find("# HELP " + name + " ") != std::string::npos);
    const std::string sample = "\n" + name + (type.ends_with("histogram") ? "_bucket{" : "");
    const std::size_t at = text.find("# TYPE " + type + sample);
    CHECK(at != std::string::npos);
  }
  CHECK(value_of(text, "spind_commits_total") >= 5);
  CHECK(value_of(text, "spind_content_gathered_bytes_total") == 1'570'000);
}

TEST_CASE("metrics: the histogram of a verb has each call in the bucket of how long it took") {
  TestClock clock;
  TestStore store(MetadataEngine::memory, seams_with(clock));
  const Space space = store.make_space("metrics");
  const auto bucket = [&](const std::string& verb, const std::string& le) {
    return value_of(store.store().metrics(),
                    "spind_verb_seconds_bucket{verb=\"" + verb + "\",le=\"" + le + "\"}");
  };
  // The clock stands still, and so the puts take no time at all.
  for (std::uint64_t puts = 0; puts < 3; ++puts) {
    CHECK(bucket("put", "1.6e-05") == puts);
    CHECK(bucket("put", "+Inf") == puts);
    REQUIRE(space.put("/file", "x").ok());
  }
  // One of a second is in those of a second and longer, and in no shorter one.
  const auto slow = [&](std::span<std::uint8_t>) -> Result<std::size_t> {
    clock.advance(1'000'000'000);
    return std::size_t{0};
  };
  REQUIRE(space.put_stream("/slow", slow).ok());
  CHECK(bucket("put", "1.6e-05") == 3);
  CHECK(bucket("put", "0.524288") == 3);
  CHECK(bucket("put", "1.04858") == 4);
  CHECK(bucket("put", "+Inf") == 4);
  CHECK(bucket("move", "+Inf") == 0);
}

}  // namespace
}  // namespace spind::test
