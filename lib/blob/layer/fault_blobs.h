// Makes the trouble that a place for bytes can make, as a seed decides.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <random>

#include "blob/layer/blobs_over.h"
#include "blob/layer/pause.h"
#include "spind/blob_layers.h"

namespace spind {

// Thread-safe.
class FaultBlobs final : public BlobsOver<FaultyBlobs> {
 public:
  // Borrows `pause`.
  FaultBlobs(BlobStorePtr under, const FaultOptions& options, Pause& pause);

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override;
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override;
  Status remove(std::string_view name) override;
  Status remove_all(std::span<const std::string> names) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override;
  void set(const FaultOptions& options) override;
  std::uint64_t fired(BlobFault fault) const override;

 private:
  // What will happen to one request. All of it is drawn at once, so that what a request meets does
  // not depend on what the one before it met.
  struct Fate {
    bool error = false, lost_answer = false, cut_read = false, rotten_read = false,
         torn_put = false;
    std::int64_t delay_ns = 0;
    std::uint64_t where = 0;  // the byte, cut or bit that it hits, modulo what there is
    Code code = Code::unavailable;
  };
  Fate draw();
  bool fires(bool decided, BlobFault fault);
  template <class Call>
  auto meet(const Fate& fate, std::string_view name, Call call) -> decltype(call());
  // How many of the bytes that were read are answered, one of them maybe changed.
  std::size_t spoil(const Fate& fate, std::span<std::uint8_t> bytes);

  Pause& pause_;
  std::mutex mutex_;
  FaultOptions options_;
  std::mt19937_64 random_;
  std::array<std::atomic<std::uint64_t>, kBlobFaults> fired_{};
};

}  // namespace spind
