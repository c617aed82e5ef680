// What somebody who makes blobs his own asks of them, through layers.
#include <doctest/doctest.h>

#include "spind/blob_layers.h"
#include "spind/blob_mirror.h"
#include "support/harness.h"
#include "unit/blob/layer/scripted_blobs.h"

namespace spind {
namespace {

class Owned final : public BlobStore {
 public:
  Result<bool> atomic = true;
  int cleared = 0;

  Status put(std::string_view name, std::span<const std::uint8_t> bytes) override {
    return under.put(name, bytes);
  }
  Result<std::vector<std::uint8_t>> get(std::string_view name, std::uint64_t size_max) override {
    return under.get(name, size_max);
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    return under.range(name, offset, out);
  }
  Status remove(std::string_view name) override { return under.remove(name); }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after,
                                         std::size_t count_max) override {
    return under.list(prefix, after, count_max);
  }
  Result<bool> creates_are_atomic() override {
    if (!atomic.ok()) return atomic.error();
    return *atomic;
  }
  void clear_leftovers() override { ++cleared; }

  MemoryBlobStore under;
};

TEST_CASE("layers: what is below them answers to who makes the blobs his own") {
  const test::TemporaryFolder folder;
  const auto owned = std::make_shared<Owned>();
  const auto over =
      with_faults(with_metrics(with_retry(with_throttle(owned, {}))), {.errors = 1000});
  const auto cached = with_disk_cache(over, {.folder = folder / "cache"}).value();
  CHECK(cached->creates_are_atomic().value());
  owned->atomic = false;
  CHECK_FALSE(cached->creates_are_atomic().value());
  cached->clear_leftovers();
  CHECK(owned->cleared == 1);
  const Interrupt ends = [] { return Status(Error{Code::cancelled, "enough"}); };
  const auto quiet = with_disk_cache(with_metrics(with_retry(with_throttle(owned, {}))),
                                     {.folder = folder / "another"});
  CHECK((*quiet)->list_unless("", "", 10, ends).code() == Code::cancelled);
  CHECK((*quiet)->list_unless("", "", 10, nullptr).value().empty());
}

TEST_CASE("layers: a mirror lets one create win where all its backends do") {
  const test::TemporaryFolder folder;
  const auto north = std::make_shared<Owned>(), south = std::make_shared<Owned>();
  const auto mirror = make_mirror({.backends = {{"north", north}, {"south", south}},
                                   .journal_folder = folder / "mirror"})
                          .value();
  CHECK(mirror->creates_are_atomic().value());
  south->atomic = false;
  CHECK_FALSE(mirror->creates_are_atomic().value());
  south->atomic = Error{Code::unavailable, "down"};
  CHECK(mirror->creates_are_atomic().value());
  north->atomic = Error{Code::unavailable, "down"};
  CHECK(mirror->creates_are_atomic().code() == Code::unavailable);
  mirror->clear_leftovers();
  CHECK(north->cleared + south->cleared == 2);
}

}  // namespace
}  // namespace spind
