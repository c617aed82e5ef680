#include "kv/rocksdb/rocksdb_store.h"

#include <chrono>
#include <filesystem>
#include <utility>

#include <rocksdb/file_system.h>

#include "base/try.h"
#include "kv/partitioned_store.h"
#include "kv/rocksdb/db_reads.h"
#include "kv/rocksdb/log_lines.h"
#include "kv/rocksdb/open_db.h"
#include "kv/rocksdb/space_guard.h"
#include "kv/rocksdb/stall_watch.h"

namespace spind::kv {
namespace {

// How long opening anew waits for readers to let go, before it is put off.
constexpr std::chrono::seconds kLetGoPatience{2};
// Blocks of a MiB that must fit on a device that is said to have room again.
constexpr int kProofBlocks = 4;
// What a row adds to a batch beside its key and value, at most.
constexpr std::size_t kRowOverheadBytes = 16;

using DbRef = std::shared_ptr<OpenDb>;

class RocksdbBackend final : public Backend {
 public:
  explicit RocksdbBackend(RocksdbOptions options)
      : options_(std::move(options)),
        lines_(options_.log ? std::make_shared<LogLines>(options_.log) : nullptr),
        guard_(options_.files, options_.clock, options_.path, options_.free_space_reserve_bytes) {}
  ~RocksdbBackend() override {
    watch_.reset();
    db_.reset();
    hand_lines_on();
  }

  // RocksDB makes its folder, but not its name durable.
  Status make_folder() {
    const std::filesystem::path path = std::filesystem::absolute(options_.path);
    SPIND_TRY(options_.files.make_folder(path.string()));
    return options_.files.sync_folder(path.parent_path().string());
  }

  Status open(Ticket at) {
    SPIND_TRY_ASSIGN(DbRef opened, OpenDb::open(setting(at)));
    const std::lock_guard lock(mutex_);
    db_ = std::move(opened);
    return {};
  }

  void start_watch() {
    hand_lines_on();
    watch_ = std::make_unique<StallWatch>(options_.threads, [this] {
      hand_lines_on();
      free_stalled();
    });
  }

  // Bodies run while nobody opens anew, so they need no lock to find RocksDB.
  Result<std::optional<std::string>> get(Family family, std::string_view key) override {
    return db_->get({}, family, key);
  }
  std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                               std::string_view end) override {
    return latest_cursor(db_, family, begin, end);
  }

  Status admit(bool may_use_reserve) override {
    return health().full() ? guard_.admit_reopening() : guard_.admit(may_use_reserve);
  }

  Result<TicketRange> write(const WriteSet& writes) override;
  SnapshotRef snapshot() override {
    const DbRef db = current();
    return db == nullptr ? nullptr : take_snapshot(db);
  }
  Status sync() override;
  Status reopen(Ticket at) override;

  Status checkpoint(const std::string& folder) override { return db_->checkpoint(folder); }

  Status forget_replaced(std::span<const Range> ranges) override {
    return db_->forget_replaced(ranges);
  }

  Ticket oldest_snapshot() override {
    const DbRef db = current();
    return db == nullptr ? 0 : db->oldest_snapshot();
  }
  void measure(Store::Metrics& metrics) override {
    if (const DbRef db = current()) db->measure(metrics);
  }

 private:
  DbRef current() {
    const std::lock_guard lock(mutex_);
    return db_;
  }
  std::shared_ptr<rocksdb::FileSystem> file_system() const {
    return options_.file_system ? options_.file_system : rocksdb::FileSystem::Default();
  }
  OpenDb::Setting setting(Ticket at);
  Status prove_room();
  void free_stalled();
  void hand_lines_on() {
    if (lines_ != nullptr) lines_->hand_on();
  }

  const RocksdbOptions options_;
  const std::shared_ptr<LogLines> lines_;  // null: nobody wants them
  SpaceGuard guard_;
  std::mutex mutex_;
  DbRef db_;                         // changed under mutex_ and while no body runs
  std::shared_future<void> closed_;  // of the RocksDB before it
  std::unique_ptr<StallWatch> watch_;
};

OpenDb::Setting RocksdbBackend::setting(Ticket at) {
  std::function<void(std::string_view)> log;
  if (lines_ != nullptr) log = [lines = lines_](std::string_view line) { lines->add(line); };
  return {.path = options_.path,
          .memory_budget_bytes = options_.memory_budget_bytes,
          .file_system = file_system(),
          .log = std::move(log),
          .on_background_error = [this](const Error& error) { health().take(error); },
          .at = at};
}

Result<TicketRange> RocksdbBackend::write(const WriteSet& writes) {
  const std::size_t rows = writes.writes().size();
  rocksdb::WriteBatch batch(writes.size_bytes() + (rows + 1) * kRowOverheadBytes);
  for (const WriteSet::Write& write : writes.writes()) {
    rocksdb::ColumnFamilyHandle* family = db_->family(write.family);
    const rocksdb::Status added = write.erased
                                      ? batch.Delete(family, slice(write.key))
                                      : batch.Put(family, slice(write.key), slice(write.value));
    if (!added.ok()) return db_->error(added, "filling a batch");
  }
  const rocksdb::Status written = db_->db().Write({}, &batch);
  if (!written.ok()) return db_->error(written, "writing");
  guard_.wrote(batch.GetDataSize());
  const rocksdb::SequenceNumber first = first_sequence(batch);
  return TicketRange{db_->ticket(first), db_->ticket(first + batch.Count() - 1)};
}

Status RocksdbBackend::sync() {
  const DbRef db = current();
  if (db == nullptr) return Error{Code::no_space, "the store waits to be opened anew"};
  return db->sync_log();
}

// Free space is a number that file systems are free to be wrong about; a file that was written is
// not. RocksDB is closed, and its readers are turned away, only after this.
Status RocksdbBackend::prove_room() {
  const auto files = file_system();
  const std::string path = options_.path + "/room";
  const std::string block(std::size_t{1} << 20, '\0');
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus status = files->NewWritableFile(path, {}, &file, nullptr);
  for (int i = 0; i < kProofBlocks && status.ok(); ++i) status = file->Append(block, {}, nullptr);
  if (status.ok()) status = file->Sync({}, nullptr);
  file.reset();
  (void)files->DeleteFile(path, {}, nullptr);
  if (status.ok()) return {};
  return Error{Code::no_space, "no room to open the store anew: " + status.ToString(),
               options_.path};
}

// RocksDB replays its log, as after a crash, and writes what it finds to synced tables before it is
// open: what the first snapshot shows is durable.
Status RocksdbBackend::reopen(Ticket at) {
  SPIND_TRY(prove_room());
  if (DbRef old = current()) {
    const std::lock_guard lock(mutex_);
    closed_ = old->start_closing();
    db_.reset();
  }
  if (closed_.valid() && closed_.wait_for(kLetGoPatience) != std::future_status::ready)
    return Error{Code::no_space, "readers hold on to the store that is to be opened anew"};
  return open(at);
}

void RocksdbBackend::free_stalled() {
  const DbRef db = current();
  if (db == nullptr || !db->stopped() || !health().ok()) return;
  for (const std::string& property : {rocksdb::DB::Properties::kNumRunningFlushes,
                                      rocksdb::DB::Properties::kNumRunningCompactions}) {
    std::uint64_t running = 0;
    if (db->db().GetIntProperty(property, &running) && running > 0) return;
  }
  if (options_.log) options_.log("writers are stopped and nothing runs: flushing");
  rocksdb::FlushOptions flush;
  flush.wait = false;
  flush.allow_write_stall = true;
  // Where this fails a background error is reported, or the next second tries again.
  (void)db->db().Flush(flush, db->families());
}

}  // namespace

Result<std::unique_ptr<Store>> open_rocksdb(RocksdbOptions options) {
  Threads& threads = options.threads;
  Clock& clock = options.clock;
  Observer* observer = options.observer;
  auto backend = std::make_unique<RocksdbBackend>(std::move(options));
  SPIND_TRY(backend->make_folder());
  SPIND_TRY(backend->open(0));
  backend->start_watch();
  return std::unique_ptr<Store>(
      std::make_unique<PartitionedStore>(std::move(backend), threads, clock, observer));
}

}  // namespace spind::kv
