// The key-value store over RocksDB.
//
// One log for all families, so that a commit is whole or not there at all. What RocksDB must not be
// trusted with is said where it is guarded against: file_witness.h (what failed), log_gaps.h (what
// recovery may leave out), tuning.cc (what stays off).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/files.h"
#include "base/threads.h"
#include "kv/kv.h"

namespace rocksdb {
class FileSystem;
}

namespace spind::kv {

struct RocksdbOptions {
  std::string path;
  // All caches and write buffers.
  std::uint64_t memory_budget_bytes = std::uint64_t{128} << 20;
  Threads& threads = Threads::system();
  Clock& clock = Clock::system();
  // Asked for the free space of the device.
  Files& files = Files::system();
  Observer* observer = nullptr;
  // Warnings and errors of RocksDB, a line each, from any thread and under no lock.
  std::function<void(std::string_view)> log = nullptr;
  // Commits are refused with no_space while less than this is free; those that free space may take
  // three quarters of it.
  std::uint64_t free_space_reserve_bytes = 0;
  // What RocksDB's files lie on; the operating system if null.
  std::shared_ptr<rocksdb::FileSystem> file_system = nullptr;
};

// Creates the folder's store if there is none. Busy if it is open already; corruption if what is
// there is not what was written.
Result<std::unique_ptr<Store>> open_rocksdb(RocksdbOptions options);

}  // namespace spind::kv
