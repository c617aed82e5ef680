#include "engine/store_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace spind::engine {
namespace {

class Printer {
 public:
  explicit Printer(std::string& out) : out_(out) {}

  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    head(name, help, "counter");
    line(name, "", value);
  }
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    head(name, help, "gauge");
    line(name, "", value);
  }
  void head(std::string_view name, std::string_view help, std::string_view type) {
    fmt::format_to(to(), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  }
  void line(std::string_view name, std::string_view labels, std::uint64_t value) {
    fmt::format_to(to(), "{}{} {}\n", name, labels, value);
  }

 private:
  std::back_insert_iterator<std::string> to() { return std::back_inserter(out_); }
  std::string& out_;
};

void print_sync_groups(const kv::Store::Metrics& kv, Printer& print) {
  constexpr std::string_view kName = "spind_sync_group_size";
  print.head(kName, "Commits that one sync made durable.", "histogram");
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < std::size(kv.sync_group_buckets); ++i) {
    count += kv.sync_group_buckets[i];
    const bool last = i + 1 == std::size(kv.sync_group_buckets);
    const std::string le = last ? "+Inf" : fmt::format("{}", (2ull << i) - 1);
    print.line("spind_sync_group_size_bucket", fmt::format("{{le=\"{}\"}}", le), count);
  }
  print.line("spind_sync_group_size_sum", "", kv.sync_group_commits);
  print.line("spind_sync_group_size_count", "", count);
}

void print_memory(const StoreNumbers& numbers, Printer& print) {
  constexpr std::string_view kName = "spind_memory_bytes";
  print.head(kName, "Memory in use by caches, write buffers and queues.", "gauge");
  print.line(kName, "{part=\"metadata\"}", numbers.kv.memory_bytes);
  print.line(kName, "{part=\"rows\"}", numbers.rows.size_bytes());
  print.line(kName, "{part=\"content\"}", numbers.content.memory_bytes);
  print.line(kName, "{part=\"past\"}", numbers.past_memory_bytes);
  print.gauge("spind_memory_budget_bytes", "What they may use together.",
              numbers.memory_budget_bytes);
}

void print_reclaiming(const upkeep::Reclaimer::Metrics& reclaim, Printer& print) {
  print.gauge("spind_reclaim_waiting_rows",
              "Rows of what fell away and waits for its space's floor, at the last pass.",
              reclaim.waiting_rows);
  print.gauge("spind_reclaim_waiting_seconds", "For how long the oldest of it had waited.",
              reclaim.waiting_seconds);
  print.gauge("spind_reclaim_waiting_spaces",
              "Purged spaces that were there at the last pass, waiting for their floors.",
              reclaim.waiting_spaces);
  print.counter("spind_reclaimed_spaces_total", "Purged spaces erased.", reclaim.spaces);
  print.counter("spind_reclaimed_entries_total", "Journal entries trimmed below a floor.",
                reclaim.entries);
  print.counter("spind_reclaimed_nodes_total", "Purged nodes erased.", reclaim.nodes);
  print.counter("spind_reclaimed_versions_total", "Purged and removed versions erased.",
                reclaim.versions);
}

void print_uploads(const StoreNumbers::Uploads& uploads, Printer& print) {
  constexpr std::string_view kName = "spind_uploads_waiting";
  print.head(kName, "Uploads under way, and held ones, at the last collection.", "gauge");
  print.line(kName, "{state=\"receiving\"}", uploads.receiving);
  print.line(kName, "{state=\"held\"}", uploads.held);
  print.gauge("spind_uploads_waiting_seconds", "How long ago the oldest of them was started.",
              uploads.oldest_seconds);
}

void print_policies(const StoreNumbers& numbers, Printer& print) {
  print.counter("spind_retired_trash_items_total",
                "Items of the trash that were purged since their time was over.",
                numbers.retired_trash_items);
  print.counter("spind_thinned_versions_total", "Versions that were removed, as policies say.",
                numbers.thinned_versions);
}

void print_scrubbing(const upkeep::Scrubber::Metrics& scrub, Printer& print) {
  print.counter("spind_scrub_bytes_total", "Stored bytes read to verify them.", scrub.bytes);
  print.counter("spind_scrub_findings_total", "Versions whose bytes were found damaged.",
                scrub.findings);
  print.gauge("spind_scrub_completed_timestamp_seconds",
              "When all stored bytes had been read for the last time; 0: never.",
              static_cast<std::uint64_t>(std::max<std::int64_t>(scrub.completed_ms, 0)) / 1000);
}

}  // namespace

void print_store_metrics(const StoreNumbers& numbers, std::string& out) {
  Printer print(out);
  const kv::Store::Metrics& kv = numbers.kv;
  print.counter("spind_commits_total", "Commits of metadata.", kv.commits);
  print.counter("spind_refusals_total", "Commits that a verb refused.", kv.refusals);
  print.counter("spind_reruns_total", "Commits run again for another partition.", kv.reruns);
  print.counter("spind_syncs_total", "Syncs of the metadata log.", kv.syncs);
  print_sync_groups(kv, print);
  print.counter("spind_kv_rows_total", "Rows written to metadata.", kv.rows_written);
  print.counter("spind_kv_bytes_total", "Bytes of keys and values of those rows.",
                kv.bytes_written);
  print.counter("spind_cache_hits_total", "Blocks found in the metadata cache.", kv.cache_hits);
  print.counter("spind_cache_misses_total", "Blocks read from the device.", kv.cache_misses);
  print.counter("spind_row_cache_hits_total", "Folders found in memory.", numbers.rows.hits());
  print.counter("spind_row_cache_misses_total", "Rows that had to be looked up.",
                numbers.rows.misses());
  print.counter("spind_stall_microseconds_total", "Time that writes were held back.",
                kv.stall_micros);
  print.gauge("spind_metadata_disk_bytes", "Size of the metadata on the device.", kv.disk_bytes);
  print_memory(numbers, print);
  print.gauge("spind_store_poisoned", "1 if writes are refused until the store is opened anew.",
              kv.poisoned || (!numbers.content_healthy && !numbers.read_only) ? 1 : 0);
  print.gauge(
      "spind_store_read_only",
      "1 if another copy of the store has used its blobs since, so that writes are refused.",
      numbers.read_only ? 1 : 0);
  const content::Metrics& content = numbers.content;
  print.counter("spind_content_gathered_bytes_total",
                "Bytes of the pieces that were stored, before compression.",
                content.bytes_gathered);
  print.counter("spind_content_written_bytes_total",
                "Bytes stored of them: after compression, with the headers of their frames.",
                content.bytes_written);
  print.counter("spind_content_read_bytes_total", "Bytes of pieces read.", content.bytes_read);
  print.counter("spind_pieces_stored_total", "Pieces stored.", content.pieces_stored);
  print.counter("spind_pieces_shared_total", "Pieces that were there already.",
                content.pieces_shared);
  print.counter("spind_pack_syncs_total", "Syncs of packs, or puts where a pack is an object.",
                content.pack_syncs);
  print.counter("spind_pack_appends_total", "Pieces that those syncs made durable.",
                content.pack_sync_appends);
  print.gauge("spind_staged_backlog_bytes",
              "Bytes of packs in the store's folder that are not in its blob store yet.",
              content.staged_backlog_bytes);
  print.gauge("spind_pieces_waiting",
              "Pieces that nothing refers to and that were kept by the last collection: for their "
              "grace, or for readers.",
              content.pieces_waiting);
  print.gauge("spind_pieces_waiting_seconds", "For how long the oldest of them had waited.",
              content.pieces_waiting_seconds);
  print_uploads(numbers.uploads, print);
  print_policies(numbers, print);
  print.counter("spind_packs_rewritten_total", "Packs that were mostly dead and were emptied.",
                content.packs_rewritten);
  print.counter("spind_pack_moved_bytes_total", "Bytes that were moved out of them.",
                content.moved_bytes);
  print.counter("spind_blobs_removed_total", "Objects and packs removed, as nothing used them.",
                content.blobs_removed);
  print.counter("spind_blob_removals_total", "Calls that removed them, many by one.",
                content.blob_removals);
  print_reclaiming(numbers.reclaim, print);
  print_scrubbing(numbers.scrub, print);
  print.counter("spind_corruptions_total", "Reads that met stored bytes as they were not written.",
                content.corruptions);
}

}  // namespace spind::engine
