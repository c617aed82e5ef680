#include "kv/memory/memory_store.h"

#include <atomic>
#include <utility>

#include "base/try.h"
#include "kv/failed_cursor.h"
#include "kv/partitioned_store.h"

namespace spind::kv {
namespace {

using Sequence = MemoryDisk::Sequence;
using DiskRef = std::shared_ptr<MemoryDisk>;

// A store opened anew names the same sequences by other tickets; snapshots know their incarnation.
struct Incarnation {
  Sequence base = 0;  // the sequence that the ticket `at` names
  Ticket at = 0;
  std::atomic<bool> over{false};

  Ticket ticket(Sequence sequence) const { return at + (sequence - base); }
};
using IncarnationRef = std::shared_ptr<Incarnation>;

enum class Direction { forward, back };

class MemoryCursor final : public Cursor {
 public:
  // `hold` keeps what is walked from being forgotten; null for the latest state of owned rows.
  MemoryCursor(Direction direction, DiskRef disk, std::shared_ptr<const void> hold, Family family,
               std::string_view begin, std::string_view end, Sequence at)
      : direction_(direction),
        disk_(std::move(disk)),
        hold_(std::move(hold)),
        family_(family),
        begin_(begin),
        end_(end),
        at_(at) {
    row_ = direction_ == Direction::forward ? disk_->seek(family_, begin_, false, end_, at_)
                                            : disk_->seek_back(family_, begin_, end_, at_);
  }

  bool valid() const override { return row_.has_value(); }
  std::string_view key() const override { return row_->key; }
  std::string_view value() const override { return *row_->value; }
  void next() override {
    row_ = direction_ == Direction::forward ? disk_->seek(family_, row_->key, true, end_, at_)
                                            : disk_->seek_back(family_, begin_, row_->key, at_);
  }
  Status status() const override { return {}; }

 private:
  Direction direction_;
  DiskRef disk_;
  std::shared_ptr<const void> hold_;
  Family family_;
  std::string begin_, end_;
  Sequence at_;
  std::optional<Row> row_;
};

using Hook = std::function<Status(MemoryCall)>;

Status ask(const Hook& hook, MemoryCall call) { return hook ? hook(call) : Status{}; }

class MemorySnapshot final : public Snapshot, public std::enable_shared_from_this<MemorySnapshot> {
 public:
  MemorySnapshot(DiskRef disk, IncarnationRef incarnation, const Hook& hook)
      : disk_(std::move(disk)), incarnation_(std::move(incarnation)), hook_(hook) {
    sequence_ = disk_->hold();
  }
  ~MemorySnapshot() override { disk_->release(sequence_); }

  Ticket ticket() const override { return incarnation_->ticket(sequence_); }

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    SPIND_TRY(usable(MemoryCall::get));
    return disk_->get(family, key, sequence_);
  }

  std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                               std::string_view end) const override {
    if (Status status = usable(MemoryCall::scan); !status.ok())
      return std::make_unique<FailedCursor>(std::move(status).error());
    return std::make_unique<MemoryCursor>(Direction::forward, disk_, shared_from_this(), family,
                                          begin, end, sequence_);
  }

  std::unique_ptr<Cursor> scan_back(Family family, std::string_view begin,
                                    std::string_view end) const override {
    if (Status status = usable(MemoryCall::scan); !status.ok())
      return std::make_unique<FailedCursor>(std::move(status).error());
    return std::make_unique<MemoryCursor>(Direction::back, disk_, shared_from_this(), family, begin,
                                          end, sequence_);
  }

 private:
  Status usable(MemoryCall call) const {
    if (incarnation_->over)
      return Error{Code::unavailable, "the store was opened anew since the snapshot was taken"};
    return ask(hook_, call);
  }

  DiskRef disk_;
  IncarnationRef incarnation_;
  Hook hook_;
  Sequence sequence_ = 0;
};

class MemoryBackend final : public Backend {
 public:
  MemoryBackend(DiskRef disk, Hook hook) : disk_(std::move(disk)), hook_(std::move(hook)) {
    incarnation_ = std::make_shared<Incarnation>();
    incarnation_->base = disk_->latest();
  }
  // Nobody holds a snapshot of a store that is gone.
  ~MemoryBackend() override { disk_->close(); }

  Result<std::optional<std::string>> get(Family family, std::string_view key) override {
    SPIND_TRY(ask(hook_, MemoryCall::get));
    return disk_->get(family, key, MemoryDisk::kLatest);
  }

  std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                               std::string_view end) override {
    if (Status status = ask(hook_, MemoryCall::scan); !status.ok())
      return std::make_unique<FailedCursor>(std::move(status).error());
    return std::make_unique<MemoryCursor>(Direction::forward, disk_, nullptr, family, begin, end,
                                          MemoryDisk::kLatest);
  }

  Status admit(bool) override { return ask(hook_, MemoryCall::admit); }

  Result<TicketRange> write(const WriteSet& writes) override {
    SPIND_TRY(ask(hook_, MemoryCall::write));
    const Ticket ticket = incarnation()->ticket(disk_->write(writes));
    return TicketRange{ticket, ticket};
  }

  SnapshotRef snapshot() override {
    return std::make_shared<MemorySnapshot>(disk_, incarnation(), hook_);
  }

  // What was there before the call is synced after it, as on a device.
  Status sync() override {
    const Sequence latest = disk_->latest();
    SPIND_TRY(ask(hook_, MemoryCall::sync));
    disk_->synced(latest);
    return {};
  }

  Status reopen(Ticket at) override {
    SPIND_TRY(ask(hook_, MemoryCall::reopen));
    auto anew = std::make_shared<Incarnation>();
    anew->base = disk_->latest();
    anew->at = at;
    disk_->synced(anew->base);
    const std::lock_guard lock(mutex_);
    incarnation_->over = true;
    incarnation_ = std::move(anew);
    return {};
  }

  Status checkpoint(const std::string& folder) override {
    return Error{Code::unsupported, "a store in memory cannot be copied to a folder", folder};
  }

  // There are no files.
  Status forget_replaced(std::span<const Range>) override { return {}; }

  Ticket oldest_snapshot() override {
    const auto oldest = disk_->oldest_held();
    const IncarnationRef now = incarnation();
    // A snapshot from before the store was opened anew answers nothing any more.
    return oldest && *oldest >= now->base ? now->ticket(*oldest) : now->at;
  }

  void measure(Store::Metrics& metrics) override { metrics.memory_bytes = disk_->size_bytes(); }

 private:
  IncarnationRef incarnation() {
    const std::lock_guard lock(mutex_);
    return incarnation_;
  }

  const DiskRef disk_;
  const Hook hook_;
  std::mutex mutex_;
  IncarnationRef incarnation_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_memory(MemoryOptions options) {
  auto disk = options.disk ? std::move(options.disk) : std::make_shared<MemoryDisk>();
  if (!disk->open()) return Error{Code::busy, "a store is open on this memory"};
  auto backend = std::make_unique<MemoryBackend>(std::move(disk), std::move(options.before));
  return std::unique_ptr<Store>(std::make_unique<PartitionedStore>(
      std::move(backend), options.threads, options.clock, options.observer));
}

}  // namespace spind::kv
