#include "engine/seams.h"

#include "base/try.h"
#include "blob/memory/memory_blob_store.h"
#include "blob/posix/posix_blob_store.h"
#include "engine/engine.h"
#include "kv/memory/memory_store.h"
#include "kv/rocksdb/rocksdb_store.h"

namespace spind::engine {

Result<std::unique_ptr<kv::Store>> default_kv(const KvSetup& setup) {
  if (setup.engine == MetadataEngine::memory)
    return kv::open_memory(
        {.threads = setup.threads, .clock = setup.clock, .observer = setup.observer});
  std::function<void(std::string_view)> log;
  if (setup.log) log = [to = setup.log](std::string_view line) { to(LogLevel::warning, line); };
  return kv::open_rocksdb({.path = setup.folder,
                           .memory_budget_bytes = setup.memory_bytes,
                           .threads = setup.threads,
                           .clock = setup.clock,
                           .files = setup.files,
                           .observer = setup.observer,
                           .log = std::move(log),
                           .free_space_reserve_bytes = setup.free_space_reserve_bytes});
}

Result<std::unique_ptr<BlobStore>> default_blobs(const BlobSetup& setup) {
  if (setup.in_memory) return std::unique_ptr<BlobStore>(std::make_unique<MemoryBlobStore>());
  SPIND_TRY_ASSIGN(auto blobs, PosixBlobStore::open(setup.files, setup.folder));
  return std::unique_ptr<BlobStore>(std::move(blobs));
}

Result<Store> open_with(const std::string& folder, const StoreOptions& options,
                        const Seams& seams) {
  SPIND_TRY_ASSIGN(auto engine, Engine::open(folder, options, seams));
  return Store(std::move(engine));
}

}  // namespace spind::engine
