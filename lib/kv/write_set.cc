#include "kv/write_set.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <tuple>
#include <utility>

namespace spind::kv {
namespace {

constexpr std::size_t kChunkBytes = 8192;
// Below this, comparing lengths one by one beats hashing.
constexpr std::size_t kLinearMax = 24;

std::size_t hash_of(Family family, std::string_view key) {
  return std::hash<std::string_view>{}(key) + static_cast<std::size_t>(family);
}

}  // namespace

void WriteSet::put(Family family, std::string_view key, std::string_view value, bool announced) {
  set({family, false, announced, key, keep(value)});
}

void WriteSet::erase(Family family, std::string_view key, bool announced) {
  set({family, true, announced, key, {}});
}

void WriteSet::add(const WriteSet& later) {
  for (const Write& write : later.writes_) {
    Write kept = write;
    kept.value = keep(write.value);
    set(kept);
  }
}

void WriteSet::set(const Write& write) {
  size_bytes_ += write.key.size() + write.value.size();
  if (const std::size_t at = position(write.family, write.key); at != kNone) {
    Write& old = writes_[at];
    old.erased = write.erased;
    old.announced |= write.announced;
    old.value = write.value;
    return;
  }
  writes_.push_back(write);
  writes_.back().key = keep(write.key);
  if (writes_.size() > kLinearMax) index(writes_.size() - 1);
}

const WriteSet::Write* WriteSet::find(Family family, std::string_view key) const {
  const std::size_t at = position(family, key);
  return at == kNone ? nullptr : &writes_[at];
}

std::size_t WriteSet::position(Family family, std::string_view key) const {
  if (buckets_.empty()) {
    for (std::size_t at = 0; at < writes_.size(); ++at)
      if (writes_[at].family == family && writes_[at].key == key) return at;
    return kNone;
  }
  const std::size_t mask = buckets_.size() - 1;
  for (std::size_t b = hash_of(family, key) & mask; buckets_[b] != 0; b = (b + 1) & mask) {
    const Write& write = writes_[buckets_[b] - 1];
    if (write.family == family && write.key == key) return buckets_[b] - 1;
  }
  return kNone;
}

// At most half full, so that a probe ends soon.
void WriteSet::index(std::size_t position) {
  if (writes_.size() * 2 > buckets_.size())
    return rebuild_index(std::max<std::size_t>(128, buckets_.size() * 2));
  const std::size_t mask = buckets_.size() - 1;
  std::size_t b = hash_of(writes_[position].family, writes_[position].key) & mask;
  while (buckets_[b] != 0) b = (b + 1) & mask;
  buckets_[b] = static_cast<std::uint32_t>(position + 1);
  of_family_[static_cast<std::size_t>(writes_[position].family)].push_back(
      static_cast<std::uint32_t>(position));
}

void WriteSet::rebuild_index(std::size_t buckets) {
  buckets_.assign(buckets, 0);
  for (std::vector<std::uint32_t>& positions : of_family_) positions.clear();
  for (std::size_t at = 0; at < writes_.size(); ++at) index(at);
}

std::vector<WriteSet::Write> WriteSet::between(Family family, std::string_view begin,
                                               std::string_view end) const {
  std::vector<Write> found;
  const auto look_at = [&](const Write& write) {
    if (write.family == family && write.key >= begin && write.key < end) found.push_back(write);
  };
  if (buckets_.empty())
    for (const Write& write : writes_) look_at(write);
  else
    for (const std::uint32_t at : of_family_[static_cast<std::size_t>(family)])
      look_at(writes_[at]);
  std::sort(found.begin(), found.end(),
            [](const Write& a, const Write& b) { return a.key < b.key; });
  return found;
}

WriteSet::Sorted WriteSet::take_sorted() {
  Sorted sorted{std::move(writes_), std::move(chunks_)};
  clear();
  std::sort(sorted.writes.begin(), sorted.writes.end(), [](const Write& a, const Write& b) {
    return std::tie(a.family, a.key) < std::tie(b.family, b.key);
  });
  return sorted;
}

std::span<const WriteSet::Write> WriteSet::Sorted::between(Family family, std::string_view begin,
                                                           std::string_view end) const {
  if (begin >= end) return {};
  const auto at = [&](std::string_view key) {
    return std::lower_bound(writes.begin(), writes.end(), std::tie(family, key),
                            [](const Write& write, const auto& wanted) {
                              return std::tie(write.family, write.key) < wanted;
                            });
  };
  return {at(begin), at(end)};
}

std::vector<Row> WriteSet::announced_rows() const {
  std::vector<Row> rows;
  for (const Write& write : writes_) {
    if (!write.announced) continue;
    Row& row = rows.emplace_back(Row{write.family, std::string(write.key), std::nullopt});
    if (!write.erased) row.value.emplace(write.value);
  }
  return rows;
}

void WriteSet::clear() {
  writes_.clear();
  for (std::vector<std::uint32_t>& positions : of_family_) positions.clear();
  buckets_.clear();
  chunks_.clear();
  free_ = nullptr;
  free_bytes_ = 0;
  size_bytes_ = 0;
}

std::string_view WriteSet::keep(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() > free_bytes_) {
    const std::size_t chunk_bytes = std::max(kChunkBytes, bytes.size());
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_bytes));
    free_ = chunks_.back().get();
    free_bytes_ = chunk_bytes;
  }
  std::memcpy(free_, bytes.data(), bytes.size());
  const std::string_view kept(free_, bytes.size());
  free_ += bytes.size();
  free_bytes_ -= bytes.size();
  return kept;
}

}  // namespace spind::kv
