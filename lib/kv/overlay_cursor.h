// A cursor over rows with writes laid over them.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "kv/kv.h"
#include "kv/write_set.h"

namespace spind::kv {

// Two rows of cursors in one order; where both have a key, the write counts. It sees the writes
// that it was given, whatever is written while it walks. Backwards where `below` goes backwards.
class OverlayCursor final : public Cursor {
 public:
  enum class Direction { forward, back };

  // `writes` in key order, whichever the direction; `keeps` is what they lie in.
  OverlayCursor(std::unique_ptr<Cursor> below, std::span<const WriteSet::Write> writes,
                std::shared_ptr<const void> keeps, Direction direction = Direction::forward)
      : below_(std::move(below)),
        writes_(writes),
        keeps_(std::move(keeps)),
        back_(direction == Direction::back) {
    settle();
  }

  bool valid() const override { return below_->status().ok() && (on_write_ || below_->valid()); }
  std::string_view key() const override { return on_write_ ? write().key : below_->key(); }
  std::string_view value() const override { return on_write_ ? write().value : below_->value(); }
  void next() override {
    step();
    settle();
  }
  Status status() const override { return below_->status(); }

 private:
  const WriteSet::Write& write() const { return writes_[back_ ? writes_.size() - 1 - at_ : at_]; }
  bool write_is_next() const {
    if (at_ == writes_.size()) return false;
    if (!below_->valid()) return true;
    return back_ ? write().key >= below_->key() : write().key <= below_->key();
  }

  void step() {
    if (!on_write_) return below_->next();
    if (below_->valid() && below_->key() == write().key) below_->next();
    ++at_;
  }

  void settle() {
    for (;;) {
      on_write_ = write_is_next();
      if (!on_write_ || !write().erased) return;
      step();
    }
  }

  std::unique_ptr<Cursor> below_;
  std::span<const WriteSet::Write> writes_;
  std::shared_ptr<const void> keeps_;
  const bool back_;
  std::size_t at_ = 0;  // writes that were passed
  bool on_write_ = false;
};

}  // namespace spind::kv
