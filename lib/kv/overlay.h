// A state that no store holds: a snapshot with changed rows laid over it, in memory.
//
//   Overlay overlay(store.durable());
//   overlay.put(...), overlay.erase(...);          // as inside a commit, but nothing is committed
//   SnapshotRef past = std::move(overlay).freeze();  // reads as any snapshot does
#pragma once

#include "kv/kv.h"
#include "kv/write_set.h"

namespace spind::kv {

// One thread at a time; what it freezes to is thread-safe. Holds the snapshot below.
class Overlay final : public Transaction {
 public:
  explicit Overlay(SnapshotRef below) : below_(std::move(below)) {}

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override;
  std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                               std::string_view end) const override;
  void put(Family family, std::string_view key, std::string_view value) override {
    writes_.put(family, key, value, false);
  }
  void erase(Family family, std::string_view key) override { writes_.erase(family, key, false); }
  // There is nobody to tell.
  void put_announced(Family family, std::string_view key, std::string_view value) override {
    put(family, key, value);
  }
  void erase_announced(Family family, std::string_view key) override { erase(family, key); }
  bool owns(std::string_view) const override { return true; }
  std::size_t memory_bytes() const override { return writes_.memory_bytes(); }

  const WriteSet& writes() const { return writes_; }

  // With the ticket of the snapshot below. The overlay is not to be used after.
  SnapshotRef freeze() &&;

 private:
  SnapshotRef below_;
  WriteSet writes_;
};

}  // namespace spind::kv
