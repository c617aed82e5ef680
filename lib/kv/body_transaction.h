// What a body works on: the latest state, with what bodies before it wrote that are to be committed
// together with it, and with its own writes laid over that.
#pragma once

#include <span>
#include <string>

#include "kv/backend.h"
#include "kv/write_set.h"

namespace spind::kv {

// One thread at a time.
class BodyTransaction final : public Transaction {
 public:
  // `partitions` is what this run owns, sorted. `before` is not written to meanwhile.
  BodyTransaction(Backend& backend, std::span<const std::string> partitions, const WriteSet& before)
      : backend_(backend), partitions_(partitions), before_(before) {}

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override;
  std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                               std::string_view end) const override;
  void put(Family family, std::string_view key, std::string_view value) override;
  void erase(Family family, std::string_view key) override;
  void put_announced(Family family, std::string_view key, std::string_view value) override;
  void erase_announced(Family family, std::string_view key) override;
  bool owns(std::string_view partition) const override;
  std::size_t memory_bytes() const override { return writes_.memory_bytes(); }
  void use_reserve() override { uses_reserve_ = true; }

  const WriteSet& writes() const { return writes_; }
  WriteSet& writes() { return writes_; }
  bool uses_reserve() const { return uses_reserve_; }

 private:
  void check_owned(std::string_view key) const;

  Backend& backend_;
  std::span<const std::string> partitions_;
  const WriteSet& before_;
  WriteSet writes_;
  bool uses_reserve_ = false;
};

}  // namespace spind::kv
