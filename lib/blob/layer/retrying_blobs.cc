#include "blob/layer/retrying_blobs.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "blob/interrupt.h"

namespace spind {
namespace {

constexpr double kRetriesASecond = 1;

// Of the codes that may go well another time, those that do within seconds: a full device, a lock
// that somebody holds or a caller's own deadline do not.
bool passing(Code code) {
  return code == Code::io_error || code == Code::unavailable || code == Code::busy ||
         code == Code::aborted;
}

}  // namespace

std::int64_t longest_retry_wait_ns(const RetryOptions& options, std::uint32_t retry) {
  const std::int64_t most = to_ns(options.wait_max);
  std::int64_t wait = std::min(to_ns(options.wait_first), most);
  for (; retry > 1 && wait > 0 && wait < most; --retry) wait = std::min(wait * 2, most);
  return wait;
}

RetryBudget::RetryBudget(const RetryOptions& options, std::int64_t now_ns)
    : a_call_(std::max(options.budget_a_call, 0.0)),
      reserve_max_(std::max(options.reserve_max, 0.0)),
      reserve_(reserve_max_),
      filled_ns_(now_ns) {}

void RetryBudget::put_in(double retries) { reserve_ = std::min(reserve_ + retries, reserve_max_); }

void RetryBudget::call_began() {
  const std::lock_guard lock(mutex_);
  put_in(a_call_);
}

bool RetryBudget::draw(std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  put_in(static_cast<double>(std::max<std::int64_t>(now_ns - filled_ns_, 0)) / 1e9 *
         kRetriesASecond);
  filled_ns_ = std::max(filled_ns_, now_ns);
  if (reserve_ < 1) return false;
  reserve_ -= 1;
  return true;
}

RetryingBlobs::RetryingBlobs(BlobStorePtr under, const RetryOptions& options, Clock& clock,
                             Random& random, Pause& pause)
    : BlobsOver(std::move(under)),
      options_(options),
      clock_(clock),
      random_(random),
      pause_(pause),
      budget_(options, clock.monotonic_ns()) {}

bool RetryingBlobs::wait_for_next(std::uint32_t attempt, std::int64_t begin_ns,
                                  const Interrupt& interrupt) {
  if (attempt >= options_.attempts_max) return false;
  const std::int64_t longest = longest_retry_wait_ns(options_, attempt);
  // Anywhere up to the longest, so that callers who failed together do not come back together.
  const auto wait =
      static_cast<std::int64_t>(random_.next_u64() % (static_cast<std::uint64_t>(longest) + 1));
  const std::int64_t now = clock_.monotonic_ns();
  if (now - begin_ns + wait > to_ns(options_.time_max)) return false;
  if (!budget_.draw(now)) return false;
  return pause_unless(pause_, wait, interrupt).ok();
}

template <class Call>
auto RetryingBlobs::repeat(Call call, const Interrupt& interrupt) -> decltype(call()) {
  budget_.call_began();
  const std::int64_t begin_ns = clock_.monotonic_ns();
  for (std::uint32_t attempt = 1;; ++attempt) {
    auto done = call();
    if (done.ok() || !passing(done.code())) return done;
    const bool again = wait_for_next(attempt, begin_ns, interrupt);
    SPIND_TRY(ask(interrupt));
    if (!again) return done;
  }
}

Status RetryingBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  return put_unless(name, bytes, nullptr);
}

Status RetryingBlobs::put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                                 const Interrupt& interrupt) {
  return repeat([&] { return under_->put_unless(name, bytes, interrupt); }, interrupt);
}

Result<std::vector<std::uint8_t>> RetryingBlobs::get(std::string_view name,
                                                     std::uint64_t size_bytes_max) {
  return repeat([&] { return under_->get(name, size_bytes_max); });
}

Result<std::size_t> RetryingBlobs::range(std::string_view name, std::uint64_t offset,
                                         std::span<std::uint8_t> out) {
  return repeat([&] { return under_->range(name, offset, out); });
}

Result<std::size_t> RetryingBlobs::scatter(std::string_view name, std::uint64_t offset,
                                           std::span<const std::span<std::uint8_t>> places) {
  return scatter_unless(name, offset, places, nullptr);
}

Result<std::size_t> RetryingBlobs::scatter_unless(std::string_view name, std::uint64_t offset,
                                                  std::span<const std::span<std::uint8_t>> places,
                                                  const Interrupt& interrupt) {
  return repeat([&] { return under_->scatter_unless(name, offset, places, interrupt); }, interrupt);
}

void RetryingBlobs::will_read(std::string_view name, std::uint64_t offset,
                              std::uint64_t size_bytes) {
  under_->will_read(name, offset, size_bytes);
}

Status RetryingBlobs::remove(std::string_view name) {
  return repeat([&] { return under_->remove(name); });
}

Status RetryingBlobs::remove_all(std::span<const std::string> names) {
  return repeat([&] { return under_->remove_all(names); });
}

Result<std::vector<BlobListItem>> RetryingBlobs::list(std::string_view prefix,
                                                      std::string_view after,
                                                      std::size_t count_max) {
  return list_unless(prefix, after, count_max, nullptr);
}

Result<std::vector<BlobListItem>> RetryingBlobs::list_unless(std::string_view prefix,
                                                             std::string_view after,
                                                             std::size_t count_max,
                                                             const Interrupt& interrupt) {
  return repeat([&] { return under_->list_unless(prefix, after, count_max, interrupt); },
                interrupt);
}

BlobStorePtr with_retry(BlobStorePtr under, const RetryOptions& options) {
  return std::make_shared<RetryingBlobs>(std::move(under), options, Clock::system(),
                                         Random::system(), Pause::system());
}

}  // namespace spind
