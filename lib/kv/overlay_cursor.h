// A cursor over rows with writes laid over them.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "kv/kv.h"
#include "kv/write_set.h"

namespace spind::kv {

// Two rows of cursors in one order; where both have a key, the write counts. It sees the writes that
// it was given, whatever is written while it walks.
class OverlayCursor final : public Cursor {
 public:
  // `writes` in key order; `keeps` is what they lie in.
  OverlayCursor(std::unique_ptr<Cursor> below, std::span<const WriteSet::Write> writes,
                std::shared_ptr<const void> keeps)
      : below_(std::move(below)), writes_(writes), keeps_(std::move(keeps)) {
    settle();
  }

  bool valid() const override { return below_->status().ok() && (on_write_ || below_->valid()); }
  std::string_view key() const override { return on_write_ ? writes_[at_].key : below_->key(); }
  std::string_view value() const override {
    return on_write_ ? writes_[at_].value : below_->value();
  }
  void next() override {
    step();
    settle();
  }
  Status status() const override { return below_->status(); }

 private:
  void step() {
    if (!on_write_) return below_->next();
    if (below_->valid() && below_->key() == writes_[at_].key) below_->next();
    ++at_;
  }

  void settle() {
    for (;;) {
      on_write_ = at_ < writes_.size() && (!below_->valid() || writes_[at_].key <= below_->key());
      if (!on_write_ || !writes_[at_].erased) return;
      step();
    }
  }

  std::unique_ptr<Cursor> below_;
  std::span<const WriteSet::Write> writes_;
  std::shared_ptr<const void> keeps_;
  std::size_t at_ = 0;
  bool on_write_ = false;
};

}  // namespace spind::kv
