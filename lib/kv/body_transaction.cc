#include "kv/body_transaction.h"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "kv/overlay_cursor.h"
#include "kv/partition_locks.h"

namespace spind::kv {
namespace {

// Both by key; where both have one, the later counts.
std::vector<WriteSet::Write> laid_over(std::vector<WriteSet::Write> before,
                                       std::vector<WriteSet::Write> later) {
  if (before.empty()) return later;
  if (later.empty()) return before;
  std::vector<WriteSet::Write> all;
  all.reserve(before.size() + later.size());
  std::set_union(later.begin(), later.end(), before.begin(), before.end(), std::back_inserter(all),
                 [](const auto& a, const auto& b) { return a.key < b.key; });
  return all;
}

}  // namespace

Result<std::optional<std::string>> BodyTransaction::get(Family family, std::string_view key) const {
  check_owned(key);
  const WriteSet::Write* written = writes_.find(family, key);
  if (written == nullptr) written = before_.find(family, key);
  if (written == nullptr) return backend_.get(family, key);
  if (written->erased) return std::optional<std::string>{};
  return std::optional<std::string>{written->value};
}

std::unique_ptr<Cursor> BodyTransaction::scan(Family family, std::string_view begin,
                                              std::string_view end) const {
  assert(owns_range(partitions_, begin, end) && "a body scans only partitions that it owns");
  auto below = backend_.scan(family, begin, end);
  auto writes = laid_over(before_.between(family, begin, end), writes_.between(family, begin, end));
  if (writes.empty()) return below;
  const auto kept = std::make_shared<const std::vector<WriteSet::Write>>(std::move(writes));
  return std::make_unique<OverlayCursor>(std::move(below), *kept, kept);
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
