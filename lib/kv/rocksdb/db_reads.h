// Snapshots of RocksDB and cursors over it.
#pragma once

#include <memory>

#include "kv/kv.h"
#include "kv/rocksdb/open_db.h"

namespace spind::kv {

// Of the latest state. The snapshot does not keep RocksDB open: once it is being closed to be
// opened anew, the snapshot answers `unavailable`.
SnapshotRef take_snapshot(const std::shared_ptr<OpenDb>& db);

// Over the latest state.
std::unique_ptr<Cursor> latest_cursor(std::shared_ptr<OpenDb> db, Family family,
                                      std::string_view begin, std::string_view end);

}  // namespace spind::kv
