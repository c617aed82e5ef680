// Where a test, or a host with needs of its own, puts its hands in: every seam of an open store.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/threads.h"
#include "kv/kv.h"
#include "spind/blob_store.h"
#include "spind/store.h"

namespace spind::engine {

// What a metadata store is opened with.
struct KvSetup {
  std::string folder;
  std::uint64_t memory_bytes = 0;
  std::uint64_t free_space_reserve_bytes = 0;
  MetadataEngine engine = MetadataEngine::rocksdb;
  Files& files;
  Clock& clock;
  Threads& threads;
  kv::Observer* observer = nullptr;
  LogCallback log;
};
using OpenKv = std::function<Result<std::unique_ptr<kv::Store>>(const KvSetup&)>;
Result<std::unique_ptr<kv::Store>> default_kv(const KvSetup& setup);

struct BlobSetup {
  std::string folder;
  Files& files;
  bool in_memory = false;
};
using OpenBlobs = std::function<Result<std::unique_ptr<BlobStore>>(const BlobSetup&)>;
Result<std::unique_ptr<BlobStore>> default_blobs(const BlobSetup& setup);

// As they are made: the real ones. What is given must outlive the store.
struct Seams {
  Clock* clock = nullptr;
  Random* random = nullptr;
  Threads* threads = nullptr;
  Files* files = nullptr;
  OpenKv open_kv;
  OpenBlobs open_blobs;
  // Earlier versions that one pass of the store's own upkeep looks at in each space.
  std::uint64_t thinned_rows_a_pass = kThinRowsAPass;
  // How often it is looked whether given blobs are still the store's own.
  std::chrono::milliseconds owner_look{kOwnerLookMs};
};

// Store::open, through seams.
Result<Store> open_with(const std::string& folder, const StoreOptions& options, const Seams& seams);

}  // namespace spind::engine
