#include "blob/layer/metered_blobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace spind {
namespace {

constexpr std::string_view kRequestNames[kBlobRequests] = {"put", "get", "range", "remove", "list"};

std::string as_label(std::string_view text) {
  std::string label;
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') label += c;
  }
  return label;
}

}  // namespace

MeteredBlobs::MeteredBlobs(BlobStorePtr under, std::string_view label, Clock& clock)
    : BlobsOver(std::move(under)), label_(as_label(label)), clock_(clock) {}

template <class Call>
auto MeteredBlobs::measure(BlobRequest request, Call call) -> decltype(call()) {
  const std::int64_t begin_ns = clock_.monotonic_ns();
  auto done = call();
  record(request, clock_.monotonic_ns() - begin_ns, done.code());
  return done;
}

void MeteredBlobs::record(BlobRequest request, std::int64_t duration_ns, Code outcome) {
  Counts& counts = requests_[static_cast<std::size_t>(request)];
  const auto scaled = static_cast<std::uint64_t>(std::max<std::int64_t>(duration_ns - 1, 0)) /
                      static_cast<std::uint64_t>(kFirstBoundNs);
  const auto bucket = std::min(static_cast<std::size_t>(std::bit_width(scaled)), kBuckets - 1);
  counts.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  counts.sum_ns.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(duration_ns, 0)),
                          std::memory_order_relaxed);
  const std::size_t code = std::min(static_cast<std::size_t>(outcome), kCodes - 1);
  counts.outcomes[code].fetch_add(1, std::memory_order_relaxed);
}

Status MeteredBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  return put_unless(name, bytes, nullptr);
}

Status MeteredBlobs::put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                                const Interrupt& interrupt) {
  Status done =
      measure(BlobRequest::put, [&] { return under_->put_unless(name, bytes, interrupt); });
  if (done.ok()) bytes_written_.fetch_add(bytes.size(), std::memory_order_relaxed);
  return done;
}

Result<std::vector<std::uint8_t>> MeteredBlobs::get(std::string_view name,
                                                    std::uint64_t size_bytes_max) {
  auto got = measure(BlobRequest::get, [&] { return under_->get(name, size_bytes_max); });
  if (got.ok()) bytes_read_.fetch_add(got->size(), std::memory_order_relaxed);
  return got;
}

Result<std::size_t> MeteredBlobs::range(std::string_view name, std::uint64_t offset,
                                        std::span<std::uint8_t> out) {
  auto got = measure(BlobRequest::range, [&] { return under_->range(name, offset, out); });
  if (got.ok()) bytes_read_.fetch_add(*got, std::memory_order_relaxed);
  return got;
}

Result<std::size_t> MeteredBlobs::scatter(std::string_view name, std::uint64_t offset,
                                          std::span<const std::span<std::uint8_t>> places) {
  return scatter_unless(name, offset, places, nullptr);
}

Result<std::size_t> MeteredBlobs::scatter_unless(std::string_view name, std::uint64_t offset,
                                                 std::span<const std::span<std::uint8_t>> places,
                                                 const Interrupt& interrupt) {
  auto got = measure(BlobRequest::range,
                     [&] { return under_->scatter_unless(name, offset, places, interrupt); });
  if (got.ok()) bytes_read_.fetch_add(*got, std::memory_order_relaxed);
  return got;
}

void MeteredBlobs::will_read(std::string_view name, std::uint64_t offset,
                             std::uint64_t size_bytes) {
  under_->will_read(name, offset, size_bytes);
}

Status MeteredBlobs::remove(std::string_view name) {
  return measure(BlobRequest::remove, [&] { return under_->remove(name); });
}

Status MeteredBlobs::remove_all(std::span<const std::string> names) {
  return measure(BlobRequest::remove, [&] { return under_->remove_all(names); });
}

Result<std::vector<BlobListItem>> MeteredBlobs::list(std::string_view prefix,
                                                     std::string_view after,
                                                     std::size_t count_max) {
  return list_unless(prefix, after, count_max, nullptr);
}

Result<std::vector<BlobListItem>> MeteredBlobs::list_unless(std::string_view prefix,
                                                            std::string_view after,
                                                            std::size_t count_max,
                                                            const Interrupt& interrupt) {
  return measure(BlobRequest::list,
                 [&] { return under_->list_unless(prefix, after, count_max, interrupt); });
}

void MeteredBlobs::print_outcomes(std::string& out) const {
  fmt::format_to(std::back_inserter(out),
                 "# HELP spind_blob_requests_total Requests to a place for bytes.\n"
                 "# TYPE spind_blob_requests_total counter\n");
  for (std::size_t request = 0; request < kBlobRequests; ++request) {
    for (std::size_t code = 0; code < kCodes; ++code) {
      const std::uint64_t count = requests_[request].outcomes[code].load(std::memory_order_relaxed);
      if (count == 0 && code != 0) continue;  // what never happened would be hundreds of lines
      fmt::format_to(std::back_inserter(out),
                     "spind_blob_requests_total{{store=\"{}\",request=\"{}\",outcome=\"{}\"}} {}\n",
                     label_, kRequestNames[request], code_name(static_cast<Code>(code)), count);
    }
  }
}

void MeteredBlobs::print_times(std::string& out) const {
  const auto to = std::back_inserter(out);
  fmt::format_to(to,
                 "# HELP spind_blob_seconds Time from request to answer.\n"
                 "# TYPE spind_blob_seconds histogram\n");
  for (std::size_t request = 0; request < kBlobRequests; ++request) {
    const std::string labels =
        fmt::format("store=\"{}\",request=\"{}\"", label_, kRequestNames[request]);
    const Counts& counts = requests_[request];
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      count += counts.buckets[i].load(std::memory_order_relaxed);
      const double bound = static_cast<double>(kFirstBoundNs << i) / 1e9;
      const std::string le = i + 1 == kBuckets ? "+Inf" : fmt::format("{:.6g}", bound);
      fmt::format_to(to, "spind_blob_seconds_bucket{{{},le=\"{}\"}} {}\n", labels, le, count);
    }
    const double sum = static_cast<double>(counts.sum_ns.load(std::memory_order_relaxed)) / 1e9;
    fmt::format_to(to,
                   "spind_blob_seconds_sum{{{0}}} {1:.9g}\nspind_blob_seconds_count{{{0}}} {2}\n",
                   labels, sum, count);
  }
}

std::string MeteredBlobs::metrics() const {
  std::string out;
  print_outcomes(out);
  print_times(out);
  fmt::format_to(std::back_inserter(out),
                 "# HELP spind_blob_bytes_total Bytes of blobs that went to and fro.\n"
                 "# TYPE spind_blob_bytes_total counter\n"
                 "spind_blob_bytes_total{{store=\"{0}\",direction=\"read\"}} {1}\n"
                 "spind_blob_bytes_total{{store=\"{0}\",direction=\"written\"}} {2}\n",
                 label_, bytes_read_.load(std::memory_order_relaxed),
                 bytes_written_.load(std::memory_order_relaxed));
  return out;
}

std::shared_ptr<BlobMeter> with_metrics(BlobStorePtr under, std::string_view label) {
  return std::make_shared<MeteredBlobs>(std::move(under), label, Clock::system());
}

}  // namespace spind
