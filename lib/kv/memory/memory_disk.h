// What a store in memory keeps its rows on: it outlives the store, so a store can be closed, cut
// off and opened again, as over a real device.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kv/backend.h"

namespace spind::kv {

// Thread-safe. Keeps of each key the values that the latest state or a held snapshot shows.
class MemoryDisk {
 public:
  using Sequence = std::uint64_t;
  static constexpr Sequence kLatest = ~Sequence{0};

  // Another with the same rows. Only while no store is open on this one.
  std::shared_ptr<MemoryDisk> copy() const;

  // One store at a time: false if there is one.
  bool open() { return !opened_.exchange(true); }
  void close() { opened_ = false; }

  Sequence latest() const;
  Sequence write(const WriteSet& writes);
  std::optional<std::string> get(Family family, std::string_view key, Sequence at) const;
  // The first row at or after `begin` (or, if `after`, past it) and before `end`.
  std::optional<Row> seek(Family family, std::string_view begin, bool after, std::string_view end,
                          Sequence at) const;
  // The last row before `end` that is not before `begin`.
  std::optional<Row> seek_back(Family family, std::string_view begin, std::string_view end,
                               Sequence at) const;

  // Keeps the state of now from being forgotten until it is released.
  Sequence hold();
  void release(Sequence held);
  std::optional<Sequence> oldest_held() const;

  // What was written until `sequence` survives a cut.
  void synced(Sequence sequence);
  // As a power cut: what was not synced is gone. Only while no store is open on it.
  void cut();

  std::uint64_t size_bytes() const;

 private:
  struct Version {
    Sequence sequence;
    std::optional<std::string> value;
  };
  using Table = std::map<std::string, std::vector<Version>, std::less<>>;
  struct Superseded {
    Sequence by;
    Family family;
    std::string key;
  };

  const Version* visible(const std::vector<Version>& versions, Sequence at) const;
  void set(const WriteSet::Write& write, Sequence sequence);
  void forget_unseen();
  void prune(Family family, const std::string& key, Sequence oldest);

  std::atomic<bool> opened_{false};
  mutable std::shared_mutex mutex_;
  Table tables_[kFamilyCount];
  Sequence latest_ = 0;
  Sequence synced_ = 0;
  std::multiset<Sequence> held_;
  std::deque<Superseded> superseded_;  // in the order of `by`
  std::uint64_t size_bytes_ = 0;
};

}  // namespace spind::kv
