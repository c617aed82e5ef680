#include "content/blob_changes.h"

#include <utility>

namespace spind::content {

void BlobChanges::begin() {
  const std::lock_guard lock(mutex_);
  names_.clear();
  too_many_ = false;
  noting_ = true;
}

void BlobChanges::end() {
  const std::lock_guard lock(mutex_);
  noting_ = false;
  names_ = {};
}

void BlobChanges::note(std::string_view name) {
  if (!noting_) return;  // as nearly always
  const std::lock_guard lock(mutex_);
  if (!noting_ || too_many_) return;
  names_.emplace(name);
  if (names_.size() <= kNamesMax) return;
  names_ = {};
  too_many_ = true;
}

std::optional<std::vector<std::string>> BlobChanges::take() {
  const std::lock_guard lock(mutex_);
  if (too_many_) return std::nullopt;
  std::vector<std::string> names;
  names.reserve(names_.size());
  while (!names_.empty()) names.push_back(std::move(names_.extract(names_.begin()).value()));
  return names;
}

// Also what failed, since nobody knows what came of it.
Status NotedBlobs::put(std::string_view name, std::span<const std::uint8_t> bytes) {
  Status done = under_.put(name, bytes);
  changes_.note(name);
  return done;
}

Status NotedBlobs::put_unless(std::string_view name, std::span<const std::uint8_t> bytes,
                              const Interrupt& interrupt) {
  Status done = under_.put_unless(name, bytes, interrupt);
  changes_.note(name);
  return done;
}

Status NotedBlobs::remove(std::string_view name) {
  Status done = under_.remove(name);
  changes_.note(name);
  return done;
}

Status NotedBlobs::remove_all(std::span<const std::string> names) {
  Status done = under_.remove_all(names);
  for (const std::string& name : names) changes_.note(name);
  return done;
}

}  // namespace spind::content
