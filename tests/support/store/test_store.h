// A store in a temporary folder, on either key-value store, that a test can close and open again
// and whose seams it can choose.
#pragma once

#include <optional>
#include <span>

#include "engine/seams.h"
#include "kv/memory/memory_store.h"
#include "support/harness.h"

namespace rocksdb {
class FileSystem;
}

namespace spind::test {

inline engine::Seams seams_with(Clock& clock, Random& random = Random::system()) {
  engine::Seams seams;
  seams.clock = &clock;
  seams.random = &random;
  return seams;
}
// RocksDB on the given file system.
engine::OpenKv rocksdb_on(std::shared_ptr<rocksdb::FileSystem> file_system);

// What the store's metadata lies in. Debian's RocksDB is not instrumented for ThreadSanitizer, so
// such programs keep to memory.
inline constexpr MetadataEngine kEngines[] = {MetadataEngine::memory, MetadataEngine::rocksdb};
inline std::span<const MetadataEngine> engines() {
  return std::span(kEngines).first(kThreadSanitizer ? 1 : 2);
}
inline const char* engine_name(MetadataEngine engine) {
  return engine == MetadataEngine::memory ? "memory" : "rocksdb";
}

// One thread at a time; what it gives out is as thread-safe as it says.
class TestStore {
 public:
  // Opened at once, unless `open_later`.
  explicit TestStore(MetadataEngine engine, engine::Seams seams = {}, StoreOptions options = {},
                     bool open_later = false);

  // ok, or why the store could not be opened; then store() must not be called.
  Status open();
  void close();
  // Closes and opens; the test fails if that does not work.
  void reopen();

  // For the next open.
  void give_keys(std::shared_ptr<KeyProvider> keys, bool encrypt_existing = false) {
    options_.keys = std::move(keys);
    options_.encrypt_existing = encrypt_existing;
  }

  // What the other, on the engine in memory as this one, has in its folder and on its disk. Both
  // are closed.
  void copy(const TestStore& other);

  bool is_open() const { return store_.has_value(); }
  Store& store() { return *store_; }
  Session session(const std::string& user = "ada", bool deferred = false);
  Space make_space(const std::string& alias, NameRule names = NameRule::exact);
  Space space(const std::string& alias);
  std::string folder() const { return folder_ / "store"; }
  // On the engine in memory: asked before each of its calls, from the next open on.
  void before_kv(std::function<Status(kv::MemoryCall)> ask) { before_kv_ = std::move(ask); }
  kv::MemoryDisk& disk() { return *disk_; }
  // Its rows, for a test that changes them behind the engine's back.
  kv::Store& rows() { return *rows_; }
  // The findings of a whole check, as text; "" if there are none.
  std::string findings(bool read_content = false);

 private:
  Result<std::unique_ptr<kv::Store>> open_memory(const engine::KvSetup& setup);

  TemporaryFolder folder_;
  engine::Seams seams_;
  StoreOptions options_;
  std::shared_ptr<kv::MemoryDisk> disk_ = std::make_shared<kv::MemoryDisk>();
  std::function<Status(kv::MemoryCall)> before_kv_;
  kv::Store* rows_ = nullptr;
  std::optional<Store> store_;
};

}  // namespace spind::test
