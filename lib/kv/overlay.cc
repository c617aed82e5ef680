#include "kv/overlay.h"

#include "kv/overlay_cursor.h"

namespace spind::kv {
namespace {

class OverlaySnapshot final : public Snapshot {
 public:
  OverlaySnapshot(SnapshotRef below, WriteSet::Sorted rows)
      : below_(std::move(below)),
        rows_(std::make_shared<const WriteSet::Sorted>(std::move(rows))) {}

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    std::string behind(key);
    behind.push_back('\0');
    const auto found = rows_->between(family, key, behind);
    if (found.empty()) return below_->get(family, key);
    if (found.front().erased) return std::optional<std::string>{};
    return std::optional<std::string>{found.front().value};
  }

  std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                               std::string_view end) const override {
    auto below = below_->scan(family, begin, end);
    const auto writes = rows_->between(family, begin, end);
    if (writes.empty()) return below;
    return std::make_unique<OverlayCursor>(std::move(below), writes, rows_);
  }

  std::unique_ptr<Cursor> scan_back(Family family, std::string_view begin,
                                    std::string_view end) const override {
    auto below = below_->scan_back(family, begin, end);
    const auto writes = rows_->between(family, begin, end);
    if (writes.empty()) return below;
    return std::make_unique<OverlayCursor>(std::move(below), writes, rows_,
                                           OverlayCursor::Direction::back);
  }

  Ticket ticket() const override { return below_->ticket(); }

 private:
  SnapshotRef below_;
  std::shared_ptr<const WriteSet::Sorted> rows_;
};

}  // namespace

Result<std::optional<std::string>> Overlay::get(Family family, std::string_view key) const {
  const WriteSet::Write* written = writes_.find(family, key);
  if (written == nullptr) return below_->get(family, key);
  if (written->erased) return std::optional<std::string>{};
  return std::optional<std::string>{written->value};
}

std::unique_ptr<Cursor> Overlay::scan(Family family, std::string_view begin,
                                      std::string_view end) const {
  auto below = below_->scan(family, begin, end);
  auto writes = writes_.between(family, begin, end);
  if (writes.empty()) return below;
  const auto kept = std::make_shared<const std::vector<WriteSet::Write>>(std::move(writes));
  return std::make_unique<OverlayCursor>(std::move(below), *kept, kept);
}

SnapshotRef Overlay::freeze() && {
  return std::make_shared<OverlaySnapshot>(std::move(below_), writes_.take_sorted());
}

}  // namespace spind::kv
