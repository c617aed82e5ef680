#include "kv/rocksdb/space_guard.h"

#include <algorithm>

namespace spind::kv {
namespace {

constexpr std::int64_t kProbePauseNs = 100'000'000;
constexpr std::uint64_t kProbeEveryBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kReopenRoomBytes = std::uint64_t{16} << 20;

Error no_room(std::uint64_t free_bytes, std::uint64_t wanted_bytes, const std::string& path) {
  Error error{Code::no_space, "the device has less free space than is kept in reserve", path};
  error.limit = wanted_bytes;
  error.used = free_bytes;
  return error;
}

}  // namespace

Status SpaceGuard::admit(bool may_use_reserve) {
  if (reserve_bytes_ == 0) return {};
  if (due()) probe();
  const std::uint64_t wanted_bytes = may_use_reserve ? reserve_bytes_ / 4 : reserve_bytes_;
  const std::uint64_t free_bytes = free_bytes_.load(std::memory_order_relaxed);
  if (free_bytes >= wanted_bytes) return {};
  return no_room(free_bytes, wanted_bytes, path_);
}

Status SpaceGuard::admit_reopening() {
  probe();
  const std::uint64_t wanted_bytes = std::max(reserve_bytes_, kReopenRoomBytes);
  const std::uint64_t free_bytes = free_bytes_.load(std::memory_order_relaxed);
  if (free_bytes >= wanted_bytes) return {};
  return no_room(free_bytes, wanted_bytes, path_);
}

// A small reserve must not be written through between two looks.
bool SpaceGuard::due() const {
  return wrote_bytes_.load(std::memory_order_relaxed) >=
             std::min(kProbeEveryBytes, reserve_bytes_ / 8) ||
         clock_.monotonic_ns() >= next_probe_ns_.load(std::memory_order_relaxed);
}

// A device that cannot be asked is taken to have room: writing to it will tell.
void SpaceGuard::probe() {
  const std::unique_lock lock(probe_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  wrote_bytes_.store(0, std::memory_order_relaxed);
  next_probe_ns_.store(clock_.monotonic_ns() + kProbePauseNs, std::memory_order_relaxed);
  const auto space = files_.space(path_);
  free_bytes_.store(space.ok() ? space->free_bytes : ~std::uint64_t{0}, std::memory_order_relaxed);
}

}  // namespace spind::kv
