#include "kv/body_transaction.h"

#include <algorithm>
#include <cassert>

#include "kv/partition_locks.h"

namespace spind::kv {
namespace {

// Two rows of cursors in one order; where both have a key, the body's write counts. It sees the
// writes made before it was opened, whatever the body writes while it walks.
class OverlayCursor final : public Cursor {
 public:
  OverlayCursor(std::unique_ptr<Cursor> below, std::vector<WriteSet::Write> writes)
      : below_(std::move(below)), writes_(std::move(writes)) {
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
  std::vector<WriteSet::Write> writes_;
  std::size_t at_ = 0;
  bool on_write_ = false;
};

}  // namespace

Result<std::optional<std::string>> BodyTransaction::get(Family family, std::string_view key) const {
  check_owned(key);
  const WriteSet::Write* written = writes_.find(family, key);
  if (written == nullptr) return backend_.get(family, key);
  if (written->erased) return std::optional<std::string>{};
  return std::optional<std::string>{written->value};
}

std::unique_ptr<Cursor> BodyTransaction::scan(Family family, std::string_view begin,
                                              std::string_view end) const {
  assert(owns_range(partitions_, begin, end) && "a body scans only partitions that it owns");
  auto below = backend_.scan(family, begin, end);
  auto writes = writes_.between(family, begin, end);
  if (writes.empty()) return below;
  return std::make_unique<OverlayCursor>(std::move(below), std::move(writes));
}

void BodyTransaction::put(Family family, std::string_view key, std::string_view value) {
  check_owned(key);
  writes_.put(family, key, value, false);
}

void BodyTransaction::erase(Family family, std::string_view key) {
  check_owned(key);
  writes_.erase(family, key, false);
}

void BodyTransaction::put_announced(Family family, std::string_view key, std::string_view value) {
  check_owned(key);
  writes_.put(family, key, value, true);
}

void BodyTransaction::erase_announced(Family family, std::string_view key) {
  check_owned(key);
  writes_.erase(family, key, true);
}

bool BodyTransaction::owns(std::string_view partition) const {
  return std::binary_search(partitions_.begin(), partitions_.end(), partition);
}

void BodyTransaction::check_owned(std::string_view key) const {
  assert(owns_key(partitions_, key) && "a body touches only partitions that it owns");
  (void)key;
}

}  // namespace spind::kv
