// Reading rows that are sealed below.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "kv/kv.h"
#include "kv/row_sealer.h"

namespace spind::kv {

// What is read of a row: its value as it is, opened, or a value that nobody takes for a good one.
// key_unavailable.
Status open_row(RowSealer& sealer, Family family, std::string_view key, std::string_view value,
                RowSealer::Keys keys, std::string& plain);

Result<std::optional<std::string>> get_opened(RowSealer& sealer, const View& below, Family family,
                                              std::string_view key);

// Ends with an error at the first row whose keys cannot be had. One thread at a time.
class OpeningCursor final : public Cursor {
 public:
  OpeningCursor(RowSealer& sealer, Family family, std::unique_ptr<Cursor> below)
      : sealer_(sealer), family_(family), below_(std::move(below)) {
    look();
  }

  bool valid() const override { return failed_.ok() && below_->valid(); }
  std::string_view key() const override { return below_->key(); }
  std::string_view value() const override { return opened_ ? plain_ : below_->value(); }
  void next() override {
    below_->next();
    look();
  }
  Status status() const override {
    if (failed_.ok()) return below_->status();
    return failed_.error();
  }

 private:
  void look();

  RowSealer& sealer_;
  const Family family_;
  std::unique_ptr<Cursor> below_;
  std::string plain_;
  bool opened_ = false;
  Status failed_;
};

// Thread-safe.
class OpeningSnapshot final : public Snapshot {
 public:
  OpeningSnapshot(RowSealer& sealer, SnapshotRef below)
      : sealer_(sealer), below_(std::move(below)) {}

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    return get_opened(sealer_, *below_, family, key);
  }
  std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                               std::string_view end) const override {
    return std::make_unique<OpeningCursor>(sealer_, family, below_->scan(family, begin, end));
  }
  std::unique_ptr<Cursor> scan_keys(Family family, std::string_view begin,
                                    std::string_view end) const override {
    return below_->scan_keys(family, begin, end);
  }
  Ticket ticket() const override { return below_->ticket(); }
  std::unique_ptr<Cursor> scan_back(Family family, std::string_view begin,
                                    std::string_view end) const override {
    return std::make_unique<OpeningCursor>(sealer_, family, below_->scan_back(family, begin, end));
  }

 private:
  RowSealer& sealer_;
  const SnapshotRef below_;
};

}  // namespace spind::kv
