// The key-value store over an ordered map in memory: what tests run on, and the plainest reading
// of the contract.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/threads.h"
#include "kv/kv.h"
#include "kv/memory/memory_disk.h"

namespace spind::kv {

enum class MemoryCall { get, scan, admit, write, sync, reopen };

struct MemoryOptions {
  Threads& threads;
  Clock& clock;
  Observer* observer = nullptr;
  // What an earlier store left, or none for an empty one.
  std::shared_ptr<MemoryDisk> disk = nullptr;
  // Asked before each call, from the thread that makes it, under no lock of the store but the
  // body's partitions: an error is the call's answer, and taking long holds it back. A failed
  // `admit` refuses a commit and changes nothing; a failed `write` or `sync` makes the store full
  // (no_space) or poisons it.
  std::function<Status(MemoryCall)> before = nullptr;
};

// Busy if a store is open on the disk.
Result<std::unique_ptr<Store>> open_memory(MemoryOptions options);

}  // namespace spind::kv
