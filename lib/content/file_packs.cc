#include "content/file_packs.h"

#include <algorithm>
#include <charconv>

#include "base/codec.h"
#include "base/hex.h"
#include "base/try.h"
#include "content/content_rows.h"
#include "content/frames.h"
#include "content/numbers.h"
#include "content/object_packs.h"
#include "model/keys.h"

namespace spind::content {

using kv::Family;
using model::LedgerRow;

namespace {

bool ends_at(const File& file, std::uint64_t end) {
  const auto size = file.size();
  return size.ok() && *size == end;
}

}  // namespace

FilePacks::FilePacks(kv::Store& kv, Files& files, std::string folder,
                     std::function<void(const Error&)> on_sync_failure, const Options& options)
    : kv_(kv),
      files_(files),
      folder_(std::move(folder)),
      on_sync_failure_(std::move(on_sync_failure)),
      options_(options),
      resumes_(options.resumes) {}

Result<std::unique_ptr<FilePacks>> FilePacks::open(
    kv::Store& kv, Files& files, std::string folder,
    std::function<void(const Error&)> on_sync_failure, const Options& options) {
  SPIND_TRY(files.make_folder(folder));
  const std::size_t slash = folder.rfind('/');
  SPIND_TRY(files.sync_folder(slash == std::string::npos ? "." : folder.substr(0, slash)));
  return std::unique_ptr<FilePacks>(
      new FilePacks(kv, files, std::move(folder), std::move(on_sync_failure), options));
}

std::string pack_path(const std::string& folder, std::uint64_t number) {
  std::string big_endian;
  Encoder(big_endian).u64_be(number);
  return folder + '/' + to_hex(as_bytes(big_endian));
}

Result<bool> FilePacks::has_file(std::uint64_t number) {
  if (number < options_.first_number) return false;
  return files_.exists(path_of(number));
}

void FilePacks::note_change(std::uint64_t number) {
  if (options_.changes != nullptr) options_.changes->note(pack_object_name(number));
}

Result<std::unique_ptr<File>> FilePacks::open_pack(std::uint64_t number) {
  return files_.open(path_of(number), OpenMode::append);
}

std::shared_ptr<Pack> FilePacks::find(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = mine_.find(number);
  return found == mine_.end() ? nullptr : found->second;
}

std::shared_ptr<Pack> FilePacks::least_busy(bool& may_add) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Pack> best;
  std::size_t least = 0;
  for (const std::shared_ptr<Pack>& pack : active_) {
    const std::size_t waiting = pack->unsettled();
    if (best == nullptr || waiting < least) {
      best = pack;
      least = waiting;
    }
  }
  may_add = best == nullptr || (least >= kPackCrowd && active_.size() < kActivePacksMax);
  return best;
}

Result<std::shared_ptr<Pack>> FilePacks::choose() {
  bool may_add = false;
  std::shared_ptr<Pack> pack = least_busy(may_add);
  if (!may_add) return pack;
  // Whoever finds a pack in use need not wait for the one that is being added.
  std::unique_lock adding(adding_, std::defer_lock);
  if (pack == nullptr)
    adding.lock();
  else if (!adding.try_lock())
    return pack;
  pack = least_busy(may_add);
  if (!may_add) return pack;
  auto added = take_into_use();
  if (!added.ok() && pack != nullptr) return pack;
  return added;
}

Result<std::shared_ptr<Pack>> FilePacks::take_into_use() {
  std::shared_ptr<Pack> pack;
  if (resumes_) {
    SPIND_TRY_ASSIGN(pack, resume_idle());
  }
  if (pack == nullptr) {
    SPIND_TRY_ASSIGN(pack, make_new());
  }
  const std::lock_guard lock(mutex_);
  active_.push_back(pack);
  mine_[pack->number()] = pack;
  return pack;
}

Result<std::shared_ptr<Pack>> FilePacks::resume_idle() {
  const auto cursor = scan_content(*kv_.durable(), model::ledger_prefix(LedgerRow::pack_idle));
  for (; cursor->valid(); cursor->next()) {
    const std::uint64_t number = model::last_u64_in(cursor->key());
    auto file = files_.open(path_of(number), OpenMode::append);
    const auto row = model::decode_pack(cursor->value());
    // A broken row, and a file that does not end where its row says, are left as they are.
    if (!file.ok() || !row.ok() || !ends_at(**file, row->end_bytes)) continue;
    bool taken = false;
    const kv::Answer answer =
        kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
          const std::string key = model::ledger_key(LedgerRow::pack_idle, number);
          SPIND_TRY_ASSIGN(const auto still, transaction.get(Family::content, key));
          taken = still.has_value();
          if (!taken) return kv::Commit{};
          SPIND_TRY(change_pack(transaction, number,
                                [](LedgerRow, model::PackRow&) { return LedgerRow::pack_open; }));
          return kv::Commit{};
        });
    if (!answer.status.ok()) return answer.status.error();
    if (!taken) continue;
    SPIND_TRY(kv_.wait(answer.ticket));
    return std::make_shared<Pack>(number, *std::move(file), row->end_bytes);
  }
  SPIND_TRY(cursor->status());
  return std::shared_ptr<Pack>();
}

Result<std::shared_ptr<Pack>> FilePacks::make_new() {
  std::uint64_t number = 0;
  const kv::Answer answer =
      kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        SPIND_TRY_ASSIGN(number, take_numbers(transaction, 1));
        transaction.put(Family::content, model::ledger_key(LedgerRow::pack_open, number),
                        model::encode(model::PackRow{}));
        return kv::Commit{};
      });
  if (!answer.status.ok()) return answer.status.error();
  SPIND_TRY(kv_.wait(answer.ticket));
  SPIND_TRY_ASSIGN(auto file, files_.open(path_of(number), OpenMode::create_new));
  SPIND_TRY(files_.sync_folder(folder_));
  return std::make_shared<Pack>(number, std::move(file), 0);
}

Result<model::BlobPlace> FilePacks::append(Bytes frames, const Interrupt&) {
  while (true) {
    SPIND_TRY_ASSIGN(const std::shared_ptr<Pack> pack, choose());
    auto offset = pack->append(frames);
    note_change(pack->number());
    if (offset.code() == Code::conflict) {
      retire(pack);
      continue;
    }
    if (!offset.ok()) {
      write_account(pack);  // it may have been closed meanwhile
      return std::move(offset).error();
    }
    const model::BlobPlace place{model::BlobPlace::Kind::pack, pack->number(), *offset};
    if (Status synced = pack->wait_synced(*offset + frames.size()); !synced.ok()) {
      on_sync_failure_(synced.error());
      settle_unknown(place);
      return synced.error();
    }
    return place;
  }
}

void FilePacks::settle_used(const model::BlobPlace& place, kv::Ticket ticket) {
  const std::shared_ptr<Pack> pack = find(place.number);
  if (pack == nullptr) return;
  pack->settle_used(ticket);
  write_account(pack);
}

void FilePacks::settle_dead(const model::BlobPlace& place, std::uint64_t stored_bytes) {
  const std::shared_ptr<Pack> pack = find(place.number);
  if (pack == nullptr) return;
  pack->settle_dead(stored_bytes);
  write_account(pack);
}

void FilePacks::settle_unknown(const model::BlobPlace& place) {
  if (const std::shared_ptr<Pack> pack = find(place.number)) pack->settle_unknown();
}

void FilePacks::retire(const std::shared_ptr<Pack>& pack) {
  if (!pack->close()) return;
  {
    const std::lock_guard lock(mutex_);
    std::erase(active_, pack);
  }
  write_account(pack);
}

void FilePacks::write_account(const std::shared_ptr<Pack>& pack) {
  const std::optional<Pack::Account> account = pack->take_account();
  if (!account) return;
  // Dead frames may not have been synced; then the file would not end where the row says.
  if (!pack->wait_synced(account->end_bytes).ok()) return;
  // Else there are frames that nobody counts as dead: the row stays open, for a later collector.
  if (!all_durable(kv_, account->tickets)) return pack->give_up();
  const kv::Answer answer =
      kv_.update({model::ledger_partition()}, [&](kv::Transaction& transaction) -> kv::Outcome {
        SPIND_TRY(change_pack(transaction, pack->number(), [&](LedgerRow, model::PackRow& row) {
          row = {account->end_bytes, row.dead_bytes + account->dead_bytes};
          return resting_tag(row);
        }));
        return kv::Commit{};
      });
  if (!answer.status.ok()) return pack->give_up();  // likewise
  const std::lock_guard lock(mutex_);
  const SyncCounts counts = pack->sync_counts();
  past_.syncs += counts.syncs;
  past_.appends_synced += counts.appends_synced;
  mine_.erase(pack->number());
}

bool FilePacks::is_settling(std::uint64_t number) {
  const std::shared_ptr<Pack> pack = find(number);
  return pack != nullptr && !pack->given_up();
}

void FilePacks::close() { seal(); }

// A pack that was sealed would be the first one to be resumed.
void FilePacks::begin_new() {
  resumes_ = false;
  seal();
}

void FilePacks::seal() {
  std::vector<std::shared_ptr<Pack>> all;
  {
    const std::lock_guard lock(mutex_);
    all = active_;
  }
  for (const std::shared_ptr<Pack>& pack : all) retire(pack);
}

Result<std::size_t> FilePacks::read(std::uint64_t number, std::uint64_t offset, Places places,
                                    const Interrupt&) {
  SPIND_TRY_ASSIGN(const auto file, files_.open(path_of(number), OpenMode::read));
  return file->scatter(offset, places);
}

Result<bool> FilePacks::punch(const model::BlobPlace& place, std::uint64_t stored_bytes) {
  if (stored_bytes <= kFrameHeaderBytes) return true;
  auto file = open_pack(place.number);
  if (file.code() == Code::not_found) return true;
  if (!file.ok()) return std::move(file).error();
  const Status punched =
      (*file)->punch(place.offset + kFrameHeaderBytes, stored_bytes - kFrameHeaderBytes);
  if (punched.code() == Code::unsupported) return false;
  if (!punched.ok()) return punched.error();
  return true;
}

// If the pack was accounted for a moment ago the bytes are not counted: it is only kept longer.
void FilePacks::count_dead(const model::PieceRow& row, kv::Ticket ticket) {
  if (const std::shared_ptr<Pack> pack = find(row.place.number))
    pack->count_dead(row.stored_bytes, ticket);
}

Status FilePacks::remove(std::span<const std::uint64_t> numbers) {
  for (const std::uint64_t number : numbers) {
    Status removed = files_.remove(path_of(number));
    note_change(number);
    if (!removed.ok() && removed.code() != Code::not_found) return removed;
  }
  return files_.sync_folder(folder_);
}

Status FilePacks::list(const NumberVisit& visit) {
  SPIND_TRY_ASSIGN(const std::vector<std::string> names, files_.list(folder_));
  for (const std::string& name : names) {
    std::uint64_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number, 16);
    const bool own = number >= options_.first_number;
    if (own && path_of(number) == folder_ + '/' + name) SPIND_TRY(visit(number));
  }
  return {};
}

SyncCounts FilePacks::sync_counts() {
  const std::lock_guard lock(mutex_);
  SyncCounts counts = past_;
  for (const auto& item : mine_) {
    const SyncCounts more = item.second->sync_counts();
    counts.syncs += more.syncs;
    counts.appends_synced += more.appends_synced;
  }
  return counts;
}

}  // namespace spind::content
