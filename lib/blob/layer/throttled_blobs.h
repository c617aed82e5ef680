// Keeps requests and bytes to a rate.
#pragma once

#include <mutex>

#include "base/clock.h"
#include "blob/layer/blobs_over.h"
#include "blob/layer/pause.h"
#include "spind/blob_layers.h"

namespace spind {

// Gives each who comes a moment to begin at, one behind the other: whoever came first begins first,
// and nobody looks at the clock again and again. Thread-safe.
class Turns {
 public:
  Turns(std::uint64_t units_a_second, std::int64_t now_ns);

  // When whoever wants so much may begin.
  std::int64_t take(std::uint64_t units, std::int64_t now_ns);
  // What was taken and not used, or used beyond what was taken, is for those who come after.
  void give_back(std::uint64_t units);
  void take_later(std::uint64_t units);

 private:
  std::int64_t cost_ns(std::uint64_t units) const;

  const double units_a_second_;
  std::mutex mutex_;
  std::int64_t next_ns_;
};

// Thread-safe.
class ThrottledBlobs final : public BlobsOver<> {
 public:
  // Borrows all but `under`.
  ThrottledBlobs(BlobStorePtr under, const ThrottleOptions& options, Clock& clock, Pause& pause);

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
  // Takes a turn for one request, and one for its bytes, and waits for the later of the two.
  Status wait(Turns& bytes, std::uint64_t size_bytes, const Interrupt& interrupt = nullptr);
  Result<std::size_t> settle(std::uint64_t wanted_bytes, Result<std::size_t> read);

  Clock& clock_;
  Pause& pause_;
  Turns requests_, reads_, writes_;
};

}  // namespace spind
