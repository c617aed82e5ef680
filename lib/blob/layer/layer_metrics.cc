// What the layers that count tell an operator, together with what is below them.
#include "blob/layer/cached_blobs.h"
#include "blob/layer/metered_blobs.h"
#include "blob/layer/mirrored_blobs.h"
#include "blob/metrics_text.h"

namespace spind {
namespace {

void print_one(MetricsText& out, std::string_view name, std::string_view help,
               std::string_view type, std::uint64_t value) {
  out.head(name, help, type);
  out.sample("", value);
}

std::string label_of(std::string_view backend) {
  return "backend=\"" + std::string(backend) + "\"";
}

template <class Value>
void print_backends(MetricsText& out, const MirrorReport& report, std::string_view name,
                    std::string_view help, Value value) {
  out.head(name, help, "gauge");
  for (const MirrorBackendReport& backend : report.backends)
    out.sample("{" + label_of(backend.name) + "}", value(backend));
}

void print_healing(MetricsText& out, const MirrorReport& report) {
  constexpr std::string_view kHealed = "spind_mirror_healed_total";
  out.head(kHealed, "Blobs written back to a backend that had lost them, or damaged them.",
           "counter");
  out.sample("{was=\"missing\"}", report.healed_missing);
  out.sample("{was=\"corrupt\"}", report.healed_corrupt);
  print_one(out, "spind_mirror_caught_up_total", "Changes that a backend had missed, made good.",
            "counter", report.caught_up);
  print_one(out, "spind_mirror_lost_total", "Blobs of those that no backend had any more.",
            "counter", report.lost);
}

}  // namespace

std::string MeteredBlobs::metrics_text() const {
  MetricsText out;
  out.add(metrics());
  out.add(under_->metrics_text());
  return out.text();
}

std::string CachedBlobs::metrics_text() const {
  const DiskCacheMetrics now = metrics();
  MetricsText out;
  print_one(out, "spind_disk_cache_hits_total", "Blocks answered from the disk cache.", "counter",
            now.hit_blocks);
  print_one(out, "spind_disk_cache_misses_total", "Blocks that had to be asked for below it.",
            "counter", now.missed_blocks);
  constexpr std::string_view kBytes = "spind_disk_cache_bytes_total";
  out.head(kBytes, "Bytes that the disk cache gave out, and that were read from below it.",
           "counter");
  out.sample("{from=\"cache\"}", now.hit_bytes);
  out.sample("{from=\"below\"}", now.fetched_bytes);
  print_one(out, "spind_disk_cache_evicted_total", "Blocks that went to make room.", "counter",
            now.evicted_blocks);
  print_one(out, "spind_disk_cache_damaged_total", "Blocks that were dropped as damaged.",
            "counter", now.damaged_blocks);
  print_one(out, "spind_disk_cache_failures_total", "Failures of the cache's device.", "counter",
            now.failures);
  print_one(out, "spind_disk_cache_size_bytes", "What the disk cache takes of its device.", "gauge",
            now.size_bytes);
  out.add(under_->metrics_text());
  return out.text();
}

std::string MirroredBlobs::metrics_text() const {
  const MirrorReport now = report();
  MetricsText out;
  using Report = MirrorBackendReport;
  print_backends(out, now, "spind_mirror_missing",
                 "Blobs that a backend lacks, as far as is known.",
                 [](const Report& backend) { return backend.missing; });
  print_backends(out, now, "spind_mirror_missing_bytes", "The bytes of those.",
                 [](const Report& backend) { return backend.missing_bytes; });
  print_backends(out, now, "spind_mirror_lingering", "Removed blobs that a backend still has.",
                 [](const Report& backend) { return backend.lingering; });
  print_backends(out, now, "spind_mirror_resting",
                 "1 while a backend is not asked, since it failed lately.",
                 [](const Report& backend) { return backend.resting ? 1u : 0u; });
  print_backends(out, now, "spind_mirror_behind",
                 "1 while a backend lacks what only a resync brings.",
                 [](const Report& backend) { return backend.behind ? 1u : 0u; });
  print_healing(out, now);
  for (const BackendPtr& backend : backends())
    out.add(backend->store->metrics_text(), label_of(backend->name));
  return out.text();
}

}  // namespace spind
