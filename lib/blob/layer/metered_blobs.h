// Counts requests, their outcomes, bytes and times.
#pragma once

#include <array>
#include <atomic>

#include "base/clock.h"
#include "blob/layer/blobs_over.h"
#include "spind/blob_layers.h"

namespace spind {

enum class BlobRequest : std::uint8_t { put, get, range, remove, list };
inline constexpr std::size_t kBlobRequests = 5;

// Thread-safe.
class MeteredBlobs final : public BlobsOver<BlobMeter> {
 public:
  // Borrows `clock`.
  MeteredBlobs(BlobStorePtr under, std::string_view label, Clock& clock);

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Result<std::size_t> scatter(std::string_view name, std::uint64_t offset,
                              std::span<const std::span<std::uint8_t>> places) override;
  Status put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                    const Interrupt& interrupt) override;
  Result<std::size_t> scatter_unless(std::string_view name, std::uint64_t offset,
                                     std::span<const std::span<std::uint8_t>> places,
                                     const Interrupt& interrupt) override;
  void will_read(std::string_view name, std::uint64_t offset, std::uint64_t size_bytes) override;
  Status remove(std::string_view name) override;
  Status remove_all(std::span<const std::string> names) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;
  Result<std::vector<BlobListItem>> list_unless(std::string_view prefix, std::string_view after,
                                                std::size_t count_max,
                                                const Interrupt& interrupt) override;
  std::string metrics_text() const override;
  std::string metrics() const override;

 private:
  // The n-th bucket holds what took up to kFirstBoundNs << n, the last one all the rest.
  static constexpr std::size_t kBuckets = 18;
  static constexpr std::int64_t kFirstBoundNs = 100'000;
  static constexpr std::size_t kCodes = 32;  // more than there are; the last one is for any other

  struct Counts {
    std::array<std::atomic<std::uint64_t>, kCodes> outcomes{};
    std::array<std::atomic<std::uint64_t>, kBuckets> buckets{};
    std::atomic<std::uint64_t> sum_ns{0};
  };

  template <class Call>
  auto measure(BlobRequest request, Call call) -> decltype(call());
  void record(BlobRequest request, std::int64_t duration_ns, Code outcome);
  void print_outcomes(std::string& out) const;
  void print_times(std::string& out) const;

  const std::string label_;
  Clock& clock_;
  std::array<Counts, kBlobRequests> requests_{};
  std::atomic<std::uint64_t> bytes_read_{0}, bytes_written_{0};
};

}  // namespace spind
