#include "content/reading_shares.h"

#include <algorithm>

namespace spind::content {
namespace {

// Longer than a reader in sequence needs for what it was given, shorter than a person's pause.
constexpr std::int64_t kRestNs = 2'000'000'000;

}  // namespace

std::uint64_t ReadingShares::share_of(Reader& reader) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.monotonic_ns();
  if (reader.place_)
    readers_.splice(readers_.end(), readers_, *reader.place_);
  else
    reader.place_ = readers_.insert(readers_.end(), &reader);
  reader.read_ns_ = now;
  send_home_who_rests(now);
  return share_bytes();
}

void ReadingShares::leave(Reader& reader) {
  const std::lock_guard lock(mutex_);
  drop(reader);
}

Result<MemoryBudget::Lease> ReadingShares::take(Reader& reader, std::uint64_t bytes,
                                                std::uint64_t bytes_min,
                                                const Interrupt& interrupt) {
  if (auto lease = budget_.try_take(bytes)) return *std::move(lease);
  shrink_others(reader);
  if (auto lease = budget_.try_take(bytes)) return *std::move(lease);
  // Who was read meanwhile could give nothing back.
  return budget_.take(bytes_min, [&]() -> Status {
    shrink_others(reader);
    return interrupt ? interrupt() : Status();
  });
}

// A quarter is left for whoever comes next, who need not wait until others have read on.
std::uint64_t ReadingShares::share_bytes() const {
  return budget_.all_bytes() * 3 / 4 / std::max<std::size_t>(readers_.size(), 1);
}

void ReadingShares::send_home_who_rests(std::int64_t now_ns) {
  for (auto it = readers_.begin(); it != readers_.end() && now_ns - (*it)->read_ns_ > kRestNs;) {
    Reader& reader = **it++;
    // Else it waits for something, or something is on its way to it.
    if (reader.shrink_to(0) == 0) drop(reader);
  }
}

void ReadingShares::shrink_others(const Reader& reader) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t share = share_bytes();
  for (Reader* other : readers_)
    if (other != &reader) other->shrink_to(share);
}

void ReadingShares::drop(Reader& reader) {
  if (!reader.place_) return;
  readers_.erase(*reader.place_);
  reader.place_.reset();
}

}  // namespace spind::content
