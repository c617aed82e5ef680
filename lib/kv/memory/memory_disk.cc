#include "kv/memory/memory_disk.h"

#include <algorithm>
#include <iterator>
#include <mutex>

namespace spind::kv {
namespace {

std::uint64_t bytes_of(const std::optional<std::string>& value) {
  return value ? value->size() : 0;
}

}  // namespace

std::shared_ptr<MemoryDisk> MemoryDisk::copy() const {
  const std::shared_lock lock(mutex_);
  auto other = std::make_shared<MemoryDisk>();
  std::copy(std::begin(tables_), std::end(tables_), std::begin(other->tables_));
  other->latest_ = latest_;
  other->synced_ = synced_;
  other->superseded_ = superseded_;
  other->size_bytes_ = size_bytes_;
  return other;
}

MemoryDisk::Sequence MemoryDisk::latest() const {
  const std::shared_lock lock(mutex_);
  return latest_;
}

MemoryDisk::Sequence MemoryDisk::write(const WriteSet& writes) {
  const std::unique_lock lock(mutex_);
  ++latest_;
  for (const WriteSet::Write& write : writes.writes()) set(write, latest_);
  forget_unseen();
  return latest_;
}

void MemoryDisk::set(const WriteSet::Write& write, Sequence sequence) {
  Table& table = tables_[static_cast<std::size_t>(write.family)];
  auto place = table.find(write.key);
  if (place == table.end()) {
    if (write.erased) return;
    place = table.try_emplace(std::string(write.key)).first;
    size_bytes_ += write.key.size();
  }
  auto& versions = place->second;
  versions.push_back({sequence, std::nullopt});
  if (!write.erased) versions.back().value.emplace(write.value);
  size_bytes_ += bytes_of(versions.back().value);
  if (versions.size() > 1) superseded_.push_back({sequence, write.family, place->first});
}

const MemoryDisk::Version* MemoryDisk::visible(const std::vector<Version>& versions,
                                               Sequence at) const {
  const auto found = std::find_if(versions.rbegin(), versions.rend(),
                                  [at](const Version& v) { return v.sequence <= at; });
  return found == versions.rend() || !found->value ? nullptr : &*found;
}

std::optional<std::string> MemoryDisk::get(Family family, std::string_view key, Sequence at) const {
  const std::shared_lock lock(mutex_);
  const Table& table = tables_[static_cast<std::size_t>(family)];
  const auto place = table.find(key);
  if (place == table.end()) return std::nullopt;
  const Version* version = visible(place->second, at);
  return version == nullptr ? std::nullopt : version->value;
}

std::optional<Row> MemoryDisk::seek(Family family, std::string_view begin, bool after,
                                    std::string_view end, Sequence at) const {
  const std::shared_lock lock(mutex_);
  const Table& table = tables_[static_cast<std::size_t>(family)];
  auto place = after ? table.upper_bound(begin) : table.lower_bound(begin);
  for (; place != table.end() && place->first < end; ++place)
    if (const Version* version = visible(place->second, at))
      return Row{family, place->first, version->value};
  return std::nullopt;
}

std::optional<Row> MemoryDisk::seek_back(Family family, std::string_view begin,
                                         std::string_view end, Sequence at) const {
  const std::shared_lock lock(mutex_);
  const Table& table = tables_[static_cast<std::size_t>(family)];
  for (auto place = table.lower_bound(end); place != table.begin();) {
    --place;
    if (place->first < begin) break;
    if (const Version* version = visible(place->second, at))
      return Row{family, place->first, version->value};
  }
  return std::nullopt;
}

MemoryDisk::Sequence MemoryDisk::hold() {
  const std::unique_lock lock(mutex_);
  held_.insert(latest_);
  return latest_;
}

void MemoryDisk::release(Sequence held) {
  const std::unique_lock lock(mutex_);
  held_.erase(held_.find(held));
  forget_unseen();
}

std::optional<MemoryDisk::Sequence> MemoryDisk::oldest_held() const {
  const std::shared_lock lock(mutex_);
  return held_.empty() ? std::nullopt : std::optional(*held_.begin());
}

void MemoryDisk::synced(Sequence sequence) {
  const std::unique_lock lock(mutex_);
  synced_ = std::max(synced_, sequence);
  forget_unseen();
}

// Values that were replaced before the oldest state that anybody can still ask for, the one that a
// cut would go back to included.
void MemoryDisk::forget_unseen() {
  Sequence oldest = std::min(latest_, synced_);
  if (!held_.empty()) oldest = std::min(oldest, *held_.begin());
  while (!superseded_.empty() && superseded_.front().by <= oldest) {
    prune(superseded_.front().family, superseded_.front().key, oldest);
    superseded_.pop_front();
  }
}

void MemoryDisk::prune(Family family, const std::string& key, Sequence oldest) {
  Table& table = tables_[static_cast<std::size_t>(family)];
  const auto place = table.find(key);
  if (place == table.end()) return;
  auto& versions = place->second;
  // The last version at or before `oldest` is the one that is still seen.
  auto keep = std::find_if(versions.begin(), versions.end(),
                           [oldest](const Version& v) { return v.sequence > oldest; });
  if (keep == versions.begin()) return;
  --keep;
  if (!keep->value) ++keep;
  for (auto version = versions.begin(); version != keep; ++version)
    size_bytes_ -= bytes_of(version->value);
  versions.erase(versions.begin(), keep);
  if (!versions.empty()) return;
  size_bytes_ -= key.size();
  table.erase(place);
}

void MemoryDisk::cut() {
  const std::unique_lock lock(mutex_);
  for (Table& table : tables_) {
    for (auto place = table.begin(); place != table.end();) {
      auto& versions = place->second;
      const auto gone = std::find_if(versions.begin(), versions.end(),
                                     [this](const Version& v) { return v.sequence > synced_; });
      for (auto version = gone; version != versions.end(); ++version)
        size_bytes_ -= bytes_of(version->value);
      versions.erase(gone, versions.end());
      if (versions.empty()) size_bytes_ -= place->first.size();
      place = versions.empty() ? table.erase(place) : std::next(place);
    }
  }
  std::erase_if(superseded_, [this](const Superseded& s) { return s.by > synced_; });
  latest_ = synced_;
}

std::uint64_t MemoryDisk::size_bytes() const {
  const std::shared_lock lock(mutex_);
  return size_bytes_;
}

}  // namespace spind::kv
