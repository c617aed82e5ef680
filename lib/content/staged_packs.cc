#include "content/staged_packs.h"

#include <algorithm>

#include "base/try.h"

namespace spind::content {

using model::BlobPlace;
using model::LedgerRow;

// What of them is in the blob store already, of a pack that a crash found on its way, is not known:
// all of it counts.
Status StagedPacks::find_local(kv::Store& kv) {
  const kv::SnapshotRef rows = kv.durable();
  return local_->list([&](std::uint64_t number) -> Status {
    const auto row = find_pack(*rows, number);
    // The check tells of a damaged one, and the store opens so that there can be one.
    const bool damaged = row.code() == Code::corruption;
    if (!row.ok() && !damaged) return row.error();
    const bool waits = damaged || (*row && (*row)->tag != LedgerRow::pack_brought &&
                                   (*row)->tag != LedgerRow::pack_removed);
    std::uint64_t bytes = 0;
    if (waits) {
      SPIND_TRY_ASSIGN(const auto file, local_->open_pack(number));
      SPIND_TRY_ASSIGN(bytes, file->size());
    }
    staged_bytes_[number] = bytes;
    backlog_bytes_ += bytes;
    return {};
  });
}

bool StagedPacks::is_local(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  return staged_bytes_.contains(number);
}

Packs& StagedPacks::home_of(std::uint64_t number) {
  if (is_local(number)) return *local_;
  return *far_;
}

bool StagedPacks::reserve(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (backlog_bytes_ + bytes > options_.backlog_bytes_max) return false;
  backlog_bytes_ += bytes;
  return true;
}

void StagedPacks::give_back(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  backlog_bytes_ -= bytes;
}

Result<BlobPlace> StagedPacks::append(Bytes frames, const Interrupt& interrupt) {
  if (options_.backlog_bytes_max == 0) return far_->append(frames, interrupt);
  if (!options_.local_room(frames.size()).ok() || !reserve(frames.size()))
    return append_beyond_backlog(frames, interrupt);
  auto place = local_->append(frames, interrupt);
  if (!place.ok()) {
    give_back(frames.size());
    return place.code() == Code::no_space ? append_beyond_backlog(frames, interrupt)
                                          : std::move(place);
  }
  // Before any row names the pack.
  const std::lock_guard lock(mutex_);
  staged_bytes_[place->number] += frames.size();
  return place;
}

Result<BlobPlace> StagedPacks::append_beyond_backlog(Bytes frames, const Interrupt& interrupt) {
  auto place = far_->append(frames, interrupt);
  if (place.ok()) return place;
  Error error = std::move(place).error();
  error.text =
      "nothing more can be staged here, and the blob store does not take it: " + error.text;
  return error;
}

void StagedPacks::settle_used(const BlobPlace& place, kv::Ticket ticket) {
  home_of(place.number).settle_used(place, ticket);
}

void StagedPacks::settle_dead(const BlobPlace& place, std::uint64_t stored_bytes) {
  home_of(place.number).settle_dead(place, stored_bytes);
}

void StagedPacks::settle_unknown(const BlobPlace& place) {
  home_of(place.number).settle_unknown(place);
}

void StagedPacks::close() {
  local_->close();
  far_->close();
}

Result<std::size_t> StagedPacks::read(std::uint64_t number, std::uint64_t offset, Places places,
                                      const Interrupt& interrupt) {
  return home_of(number).read(number, offset, places, interrupt);
}

std::optional<PackBlob> StagedPacks::blob_of(std::uint64_t number) {
  return home_of(number).blob_of(number);
}

Result<std::unique_ptr<File>> StagedPacks::open_pack(std::uint64_t number) {
  return home_of(number).open_pack(number);
}

Result<bool> StagedPacks::punch(const BlobPlace& place, std::uint64_t stored_bytes) {
  return home_of(place.number).punch(place, stored_bytes);
}

void StagedPacks::count_dead(const model::PieceRow& row, kv::Ticket ticket) {
  home_of(row.place.number).count_dead(row, ticket);
}

Status StagedPacks::remove(std::span<const std::uint64_t> numbers) {
  std::vector<std::uint64_t> here, there;
  for (const std::uint64_t number : numbers) {
    // Also one that nothing was appended to.
    SPIND_TRY_ASSIGN(const bool local, local_->has_file(number));
    (local ? here : there).push_back(number);
  }
  SPIND_TRY(remove_local(here));
  return there.empty() ? Status() : far_->remove(there);
}

Status StagedPacks::remove_local(std::span<const std::uint64_t> numbers) {
  if (numbers.empty()) return {};
  SPIND_TRY(local_->remove(numbers));
  for (const std::uint64_t number : numbers) {
    brought_all(number);
    const std::lock_guard lock(mutex_);
    staged_bytes_.erase(number);
  }
  return {};
}

Status StagedPacks::list(const NumberVisit& visit) {
  SPIND_TRY(local_->list(visit));
  return far_->list(visit);
}

LedgerRow StagedPacks::left_open_tag(std::uint64_t number) {
  return home_of(number).left_open_tag(number);
}

SyncCounts StagedPacks::sync_counts() {
  SyncCounts counts = local_->sync_counts();
  const SyncCounts far = far_->sync_counts();
  counts.syncs += far.syncs;
  counts.appends_synced += far.appends_synced;
  return counts;
}

std::vector<std::uint64_t> StagedPacks::local_packs() {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> numbers;
  for (const auto& item : staged_bytes_) numbers.push_back(item.first);
  return numbers;
}

void StagedPacks::brought(std::uint64_t number, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = staged_bytes_.find(number);
  if (found == staged_bytes_.end()) return;
  bytes = std::min(bytes, found->second);
  found->second -= bytes;
  backlog_bytes_ -= bytes;
}

void StagedPacks::brought_all_but(std::uint64_t number, std::uint64_t left_bytes) {
  const std::uint64_t now = staged_bytes(number);
  brought(number, now - std::min(now, left_bytes));
}

std::uint64_t StagedPacks::staged_bytes(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = staged_bytes_.find(number);
  return found == staged_bytes_.end() ? 0 : found->second;
}

std::uint64_t StagedPacks::backlog_bytes() {
  const std::lock_guard lock(mutex_);
  return backlog_bytes_;
}

}  // namespace spind::content
