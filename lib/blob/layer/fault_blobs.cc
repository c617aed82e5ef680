#include "blob/layer/fault_blobs.h"

#include <utility>

#include "base/clock.h"

namespace spind {

FaultBlobs::FaultBlobs(BlobStorePtr under, const FaultOptions& options, Pause& pause)
    : BlobsOver(std::move(under)), pause_(pause), options_(options), random_(options.seed) {}

void FaultBlobs::set(const FaultOptions& options) {
  const std::lock_guard lock(mutex_);
  options_ = options;
}

std::uint64_t FaultBlobs::fired(BlobFault fault) const {
  return fired_[static_cast<std::size_t>(fault)].load();
}

FaultBlobs::Fate FaultBlobs::draw() {
  const std::lock_guard lock(mutex_);
  const auto decide = [&](std::uint32_t of_thousand) { return random_() % 1000 < of_thousand; };
  Fate fate;
  fate.error = decide(options_.errors);
  fate.lost_answer = decide(options_.lost_answers);
  fate.cut_read = decide(options_.cut_reads);
  fate.rotten_read = decide(options_.rotten_reads);
  fate.torn_put = decide(options_.torn_puts);
  const bool delayed = decide(options_.delays);
  const std::uint64_t delay = random_();
  if (delayed && options_.delay_max.count() > 0)
    fate.delay_ns = static_cast<std::int64_t>(
        1 + delay % static_cast<std::uint64_t>(to_ns(options_.delay_max)));
  fate.where = random_();
  fate.code = options_.code;
  return fate;
}

bool FaultBlobs::fires(bool decided, BlobFault fault) {
  if (decided) fired_[static_cast<std::size_t>(fault)].fetch_add(1);
  return decided;
}

template <class Call>
auto FaultBlobs::meet(const Fate& fate, std::string_view name, Call call) -> decltype(call()) {
  if (fires(fate.delay_ns > 0, BlobFault::delay)) pause_.pause(fate.delay_ns);
  if (fires(fate.error, BlobFault::error))
    return Error{fate.code, "a fault that was asked for", std::string(name)};
  auto done = call();
  if (!done.ok() || !fires(fate.lost_answer, BlobFault::lost_answer)) return done;
  return Error{fate.code, "a fault that was asked for: it was done", std::string(name)};
}

std::size_t FaultBlobs::spoil(const Fate& fate, std::span<std::uint8_t> bytes) {
  if (bytes.empty()) return 0;
  if (fires(fate.rotten_read, BlobFault::rotten_read))
    bytes[fate.where / 8 % bytes.size()] ^= static_cast<std::uint8_t>(1 << fate.where % 8);
  if (!fires(fate.cut_read, BlobFault::cut_read)) return bytes.size();
  return fate.where / 8 % bytes.size();
}

Status FaultBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  const Fate fate = draw();
  return meet(fate, name, [&]() -> Status {
    if (bytes.empty() || !fires(fate.torn_put, BlobFault::torn_put))
      return under_->put(name, bytes);
    Status torn = under_->put(name, bytes.first(fate.where / 8 % bytes.size()));
    if (!torn.ok()) return torn;
    return Error{fate.code, "a fault that was asked for: the blob is torn", std::string(name)};
  });
}

Result<std::vector<std::uint8_t>> FaultBlobs::get(std::string_view name,
                                                  std::uint64_t size_bytes_max) {
  const Fate fate = draw();
  auto got = meet(fate, name, [&] { return under_->get(name, size_bytes_max); });
  if (got.ok()) got->resize(spoil(fate, *got));
  return got;
}

Result<std::size_t> FaultBlobs::range(std::string_view name, std::uint64_t offset,
                                      std::span<std::uint8_t> out) {
  const Fate fate = draw();
  auto got = meet(fate, name, [&] { return under_->range(name, offset, out); });
  if (got.ok()) *got = spoil(fate, out.first(*got));
  return got;
}

Status FaultBlobs::remove(std::string_view name) {
  return meet(draw(), name, [&] { return under_->remove(name); });
}

Status FaultBlobs::remove_all(std::span<const std::string> names) {
  return meet(draw(), names.empty() ? std::string_view() : names.front(),
              [&] { return under_->remove_all(names); });
}

Result<std::vector<BlobListItem>> FaultBlobs::list(std::string_view prefix, std::string_view after,
                                                   std::size_t count_max) {
  return meet(draw(), prefix, [&] { return under_->list(prefix, after, count_max); });
}

std::shared_ptr<FaultyBlobs> with_faults(BlobStorePtr under, const FaultOptions& options) {
  return std::make_shared<FaultBlobs>(std::move(under), options, Pause::system());
}

}  // namespace spind
