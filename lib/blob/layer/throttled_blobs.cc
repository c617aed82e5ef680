#include "blob/layer/throttled_blobs.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace spind {
namespace {

constexpr std::int64_t kSlackNs = 100'000'000;
// A caller that asks for absurdly much waits for a day, and the sum stays a number.
constexpr double kCostNsMax = 86'400e9;

}  // namespace

Turns::Turns(std::uint64_t units_a_second, std::int64_t now_ns)
    : units_a_second_(static_cast<double>(units_a_second)), next_ns_(now_ns) {}

std::int64_t Turns::cost_ns(std::uint64_t units) const {
  if (units_a_second_ == 0) return 0;
  return static_cast<std::int64_t>(
      std::min(static_cast<double>(units) * 1e9 / units_a_second_, kCostNsMax));
}

std::int64_t Turns::take(std::uint64_t units, std::int64_t now_ns) {
  if (units_a_second_ == 0) return now_ns;
  const std::lock_guard lock(mutex_);
  const std::int64_t begin_ns = std::max(next_ns_, now_ns - kSlackNs);
  next_ns_ = begin_ns + cost_ns(units);
  return begin_ns;
}

void Turns::give_back(std::uint64_t units) {
  const std::lock_guard lock(mutex_);
  next_ns_ -= cost_ns(units);
}

void Turns::take_later(std::uint64_t units) {
  const std::lock_guard lock(mutex_);
  next_ns_ += cost_ns(units);
}

ThrottledBlobs::ThrottledBlobs(BlobStorePtr under, const ThrottleOptions& options, Clock& clock,
                               Pause& pause)
    : BlobsOver(std::move(under)),
      clock_(clock),
      pause_(pause),
      requests_(options.requests_a_second, clock.monotonic_ns()),
      reads_(options.read_bytes_a_second, clock.monotonic_ns()),
      writes_(options.write_bytes_a_second, clock.monotonic_ns()) {}

Status ThrottledBlobs::wait(Turns& bytes, std::uint64_t size_bytes, const Interrupt& interrupt) {
  const std::int64_t now = clock_.monotonic_ns();
  return pause_unless(pause_, std::max(requests_.take(1, now), bytes.take(size_bytes, now)) - now,
                      interrupt);
}

Result<std::size_t> ThrottledBlobs::settle(std::uint64_t wanted_bytes, Result<std::size_t> read) {
  reads_.give_back(wanted_bytes - std::min<std::uint64_t>(read.ok() ? *read : 0, wanted_bytes));
  return read;
}

Status ThrottledBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  return put_unless(name, bytes, nullptr);
}

Status ThrottledBlobs::put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                                  const Interrupt& interrupt) {
  SPIND_TRY(wait(writes_, bytes.size(), interrupt));
  return under_->put_unless(name, bytes, interrupt);
}

Result<std::vector<std::uint8_t>> ThrottledBlobs::get(std::string_view name,
                                                      std::uint64_t size_bytes_max) {
  SPIND_TRY(wait(reads_, 0));
  auto bytes = under_->get(name, size_bytes_max);
  // How many they are is known only now: who comes next waits for them.
  if (bytes.ok()) reads_.take_later(bytes->size());
  return bytes;
}

Result<std::size_t> ThrottledBlobs::range(std::string_view name, std::uint64_t offset,
                                          std::span<std::uint8_t> out) {
  SPIND_TRY(wait(reads_, out.size()));
  return settle(out.size(), under_->range(name, offset, out));
}

Result<std::size_t> ThrottledBlobs::scatter(std::string_view name, std::uint64_t offset,
                                            std::span<const std::span<std::uint8_t>> places) {
  return scatter_unless(name, offset, places, nullptr);
}

Result<std::size_t> ThrottledBlobs::scatter_unless(std::string_view name, std::uint64_t offset,
                                                   std::span<const std::span<std::uint8_t>> places,
                                                   const Interrupt& interrupt) {
  std::uint64_t wanted = 0;
  for (const std::span<std::uint8_t> place : places) wanted += place.size();
  Status waited = wait(reads_, wanted, interrupt);
  if (!waited.ok()) return settle(wanted, std::move(waited).error());
  return settle(wanted, under_->scatter_unless(name, offset, places, interrupt));
}

// A hint may cost requests that nobody has paid for: under a limit there are none.
void ThrottledBlobs::will_read(std::string_view, std::uint64_t, std::uint64_t) {}

Status ThrottledBlobs::remove(std::string_view name) {
  SPIND_TRY(wait(writes_, 0));
  return under_->remove(name);
}

// A store that has to ask for each name makes more than the one request that is counted here.
Status ThrottledBlobs::remove_all(std::span<const std::string> names) {
  SPIND_TRY(wait(writes_, 0));
  return under_->remove_all(names);
}

Result<std::vector<BlobListItem>> ThrottledBlobs::list(std::string_view prefix,
                                                       std::string_view after,
                                                       std::size_t count_max) {
  return list_unless(prefix, after, count_max, nullptr);
}

Result<std::vector<BlobListItem>> ThrottledBlobs::list_unless(std::string_view prefix,
                                                              std::string_view after,
                                                              std::size_t count_max,
                                                              const Interrupt& interrupt) {
  SPIND_TRY(wait(reads_, 0, interrupt));
  return under_->list_unless(prefix, after, count_max, interrupt);
}

BlobStorePtr with_throttle(BlobStorePtr under, const ThrottleOptions& options) {
  return std::make_shared<ThrottledBlobs>(std::move(under), options, Clock::system(),
                                          Pause::system());
}

}  // namespace spind
