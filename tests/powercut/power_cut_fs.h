// RocksDB on a disk whose power can be cut.
#pragma once

#include <memory>

#include <rocksdb/file_system.h>

#include "powercut/power_cut_disk.h"

namespace spind::test {

// The disk must outlive it and all that is open on it.
std::shared_ptr<rocksdb::FileSystem> power_cut_file_system(PowerCutDisk& disk);

}  // namespace spind::test
