// Which blobs were put, changed or removed while somebody copies them elsewhere, so that he need
// not compare everything once more to find out.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "spind/blob_store.h"

namespace spind::content {

// Thread-safe. What is done to a blob is noted when it is done: whoever looks at the blob after he
// took the note sees it.
class BlobChanges {
 public:
  // Beyond so many, some 10 MiB of names, nothing is kept of them.
  static constexpr std::size_t kNamesMax = 100'000;

  // From now on names are noted; earlier ones are forgotten.
  void begin();
  void end();
  void note(std::string_view name);
  // What was noted since it began, or since the last time, each once. None: it was too much, and
  // only comparing tells; it has to begin anew.
  std::optional<std::vector<std::string>> take();

 private:
  std::atomic<bool> noting_{false};
  std::mutex mutex_;
  std::unordered_set<std::string> names_;
  bool too_many_ = false;
};

// A place that notes what is done to it. Thread-safe; borrows both.
class NotedBlobs final : public BlobStore {
 public:
  NotedBlobs(BlobStore& under, BlobChanges& changes) : under_(under), changes_(changes) {}

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override;
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override {
    return under_.get(name, size_bytes_max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    return under_.range(name, offset, out);
  }
  Result<std::size_t> scatter(std::string_view name, std::uint64_t offset,
                              std::span<const std::span<std::uint8_t>> places) override {
    return under_.scatter(name, offset, places);
  }
  Status put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                    const Interrupt& interrupt) override;
  Result<std::size_t> scatter_unless(std::string_view name, std::uint64_t offset,
                                     std::span<const std::span<std::uint8_t>> places,
                                     const Interrupt& interrupt) override {
    return under_.scatter_unless(name, offset, places, interrupt);
  }
  void will_read(std::string_view name, std::uint64_t offset, std::uint64_t size_bytes) override {
    under_.will_read(name, offset, size_bytes);
  }
  void suspect(std::string_view name, const BlobJudge& judge, const Interrupt& interrupt) override {
    under_.suspect(name, judge, interrupt);
  }
  Status remove(std::string_view name) override;
  Status remove_all(std::span<const std::string> names) override;
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return under_.list(prefix, after, count_max);
  }
  Result<std::vector<BlobListItem>> list_unless(std::string_view prefix, std::string_view after,
                                                std::size_t count_max,
                                                const Interrupt& interrupt) override {
    return under_.list_unless(prefix, after, count_max, interrupt);
  }
  Result<bool> creates_are_atomic() override { return under_.creates_are_atomic(); }
  void clear_leftovers() override { under_.clear_leftovers(); }
  std::string metrics_text() const override { return under_.metrics_text(); }

 private:
  BlobStore& under_;
  BlobChanges& changes_;
};

}  // namespace spind::content
