// Tries again what may go well another time, and no more often than its budget allows.
#pragma once

#include <mutex>

#include "base/clock.h"
#include "base/random.h"
#include "blob/layer/blobs_over.h"
#include "blob/layer/pause.h"
#include "spind/blob_layers.h"

namespace spind {

// The longest wait before the n-th retry, which is waited for a random part of.
std::int64_t longest_retry_wait_ns(const RetryOptions& options, std::uint32_t retry);

// What all callers draw their retries from. Thread-safe.
class RetryBudget {
 public:
  RetryBudget(const RetryOptions& options, std::int64_t now_ns);

  void call_began();
  // Whether one more retry may be made; then it is paid for.
  bool draw(std::int64_t now_ns);

 private:
  void put_in(double retries);

  const double a_call_, reserve_max_;
  std::mutex mutex_;
  double reserve_;
  std::int64_t filled_ns_;
};

// Thread-safe.
class RetryingBlobs final : public BlobsOver<> {
 public:
  // Borrows all but `under`.
  RetryingBlobs(BlobStorePtr under, const RetryOptions& options, Clock& clock, Random& random,
                Pause& pause);

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

 private:
  template <class Call>
  auto repeat(Call call, const Interrupt& interrupt = nullptr) -> decltype(call());
  // Lets the time before the next attempt pass; false if there is to be none.
  bool wait_for_next(std::uint32_t attempt, std::int64_t begin_ns, const Interrupt& interrupt);

  const RetryOptions options_;
  Clock& clock_;
  Random& random_;
  Pause& pause_;
  RetryBudget budget_;
};

}  // namespace spind
