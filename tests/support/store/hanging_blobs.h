// Blobs in a place that does not answer while it hangs, and whose callers may give up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "blob/interrupt.h"
#include "spind/blob_layers.h"

namespace spind::test {

// Thread-safe.
class HangingBlobs final : public BlobStore {
 public:
  explicit HangingBlobs(BlobStorePtr under) : under_(std::move(under)) {}

  void hang(bool hangs) {
    const std::lock_guard lock(mutex_);
    hangs_ = hangs;
    changed_.notify_all();
  }
  // What hangs and is given up is carried out all the same.
  void carry_out() { carries_out_ = true; }
  // Waits until so many requests hang, or more.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return hanging_ >= count; });
  }
  void wait_for_none() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return hanging_ == 0; });
  }
  // Whose request was the last to hang.
  std::thread::id last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override {
    return put_unless(name, bytes, nullptr);
  }
  Status put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                    const Interrupt& interrupt) override {
    Status held = hold(interrupt);
    if (!held.ok() && !carries_out_) return held;
    Status done = under_->put(name, bytes);
    return held.ok() ? std::move(done) : std::move(held);
  }
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override {
    return under_->get(name, size_bytes_max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    return under_->range(name, offset, out);
  }
  Result<std::size_t> scatter_unless(std::string_view name, std::uint64_t offset,
                                     std::span<const std::span<std::uint8_t>> places,
                                     const Interrupt& interrupt) override {
    if (Status held = hold(interrupt); !held.ok()) return std::move(held).error();
    return under_->scatter(name, offset, places);
  }
  Status remove(std::string_view name) override { return under_->remove(name); }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return under_->list(prefix, after, count_max);
  }

 private:
  Status hold(const Interrupt& interrupt) {
    std::unique_lock lock(mutex_);
    if (!hangs_) return {};
    ++hanging_;
    last_ = std::this_thread::get_id();
    changed_.notify_all();
    Status waited = wait_unless(changed_, lock, interrupt, [&] { return !hangs_; });
    --hanging_;
    changed_.notify_all();
    return waited;
  }

  const BlobStorePtr under_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false;
  std::atomic<bool> carries_out_ = false;
  std::size_t hanging_ = 0;
  std::thread::id last_;
};

}  // namespace spind::test
