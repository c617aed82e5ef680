#include "kv/rocksdb/db_reads.h"

#include <utility>

#include "base/try.h"
#include "kv/failed_cursor.h"

namespace spind::kv {
namespace {

Error closed_error() {
  return Error{Code::unavailable, "the store was opened anew since the snapshot was taken"};
}

// Keeps RocksDB open while it lives, so what it lends stays valid until its next call, and lets go
// in that call when RocksDB is to be closed.
class DbCursor final : public Cursor {
 public:
  enum class Direction { forward, back };

  DbCursor(std::shared_ptr<OpenDb> db, std::shared_ptr<const void> snapshot,
           rocksdb::ReadOptions options, Family family, std::string_view begin,
           std::string_view end, Direction direction = Direction::forward)
      : db_(std::move(db)),
        snapshot_(std::move(snapshot)),
        direction_(direction),
        begin_(begin),
        end_(end),
        begin_slice_(begin_),
        end_slice_(end_) {
    options.iterate_lower_bound = &begin_slice_;
    options.iterate_upper_bound = &end_slice_;
    iterator_.reset(db_->db().NewIterator(options, db_->family(family)));
    if (begin >= end) return;
    if (direction_ == Direction::forward)
      iterator_->Seek(begin_slice_);
    else
      iterator_->SeekForPrev(end_slice_);
  }
  // The iterator and the snapshot go before what they belong to.
  ~DbCursor() override { let_go(); }

  bool valid() const override { return iterator_ != nullptr && iterator_->Valid(); }
  std::string_view key() const override { return view(iterator_->key()); }
  std::string_view value() const override { return view(iterator_->value()); }

  void next() override {
    if (db_ != nullptr && db_->closing()) let_go();
    if (iterator_ == nullptr) return;
    if (direction_ == Direction::forward)
      iterator_->Next();
    else
      iterator_->Prev();
  }

  Status status() const override {
    if (iterator_ == nullptr) return closed_error();
    const rocksdb::Status status = iterator_->status();
    if (status.ok()) return {};
    return db_->error(status, "scanning");
  }

 private:
  void let_go() {
    iterator_.reset();
    snapshot_.reset();
    db_.reset();
  }

  std::shared_ptr<OpenDb> db_;
  std::shared_ptr<const void> snapshot_;
  Direction direction_;
  std::string begin_, end_;
  rocksdb::Slice begin_slice_, end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class DbSnapshot final : public Snapshot, public std::enable_shared_from_this<DbSnapshot> {
 public:
  explicit DbSnapshot(const std::shared_ptr<OpenDb>& db)
      : db_(db),
        snapshot_(db->take_snapshot()),
        ticket_(db->ticket(snapshot_->GetSequenceNumber())) {
    options_.snapshot = snapshot_;
  }
  // A RocksDB that is gone has released its snapshots itself.
  ~DbSnapshot() override {
    if (auto db = db_.lock()) db->release(snapshot_);
  }

  Ticket ticket() const override { return ticket_; }

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    const auto db = open();
    if (db == nullptr) return closed_error();
    return db->get(options_, family, key);
  }

  std::unique_ptr<Cursor> scan(Family family, std::string_view begin,
                               std::string_view end) const override {
    auto db = open();
    if (db == nullptr) return std::make_unique<FailedCursor>(closed_error());
    return std::make_unique<DbCursor>(std::move(db), shared_from_this(), options_, family, begin,
                                      end);
  }

  std::unique_ptr<Cursor> scan_back(Family family, std::string_view begin,
                                    std::string_view end) const override {
    auto db = open();
    if (db == nullptr) return std::make_unique<FailedCursor>(closed_error());
    return std::make_unique<DbCursor>(std::move(db), shared_from_this(), options_, family, begin,
                                      end, DbCursor::Direction::back);
  }

 private:
  std::shared_ptr<OpenDb> open() const {
    auto db = db_.lock();
    return db != nullptr && db->closing() ? nullptr : db;
  }

  std::weak_ptr<OpenDb> db_;
  const rocksdb::Snapshot* snapshot_;
  Ticket ticket_;
  rocksdb::ReadOptions options_;
};

}  // namespace

SnapshotRef take_snapshot(const std::shared_ptr<OpenDb>& db) {
  return std::make_shared<DbSnapshot>(db);
}

std::unique_ptr<Cursor> latest_cursor(std::shared_ptr<OpenDb> db, Family family,
                                      std::string_view begin, std::string_view end) {
  return std::make_unique<DbCursor>(std::move(db), nullptr, rocksdb::ReadOptions{}, family, begin,
                                    end);
}

}  // namespace spind::kv
