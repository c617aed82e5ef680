// Our side: a store with spaces in it, through the public API only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "spind/blob_store.h"
#include "spind/store.h"

namespace spind::bench {

// What the engine has handed to the key-value store so far, from Store::metrics().
struct RowsWritten {
  double rows = 0;
  double bytes = 0;  // keys and values

  RowsWritten since(const RowsWritten& before) const {
    return {rows - before.rows, bytes - before.bytes};
  }
  RowsWritten per(std::uint64_t count) const {
    const double divisor = count > 0 ? static_cast<double>(count) : 1;
    return {rows / divisor, bytes / divisor};
  }
};

struct OurOptions {
  unsigned spaces = 1;
  bool deferred = false;
  std::uint64_t memory_bytes = 512ull << 20;
  bool encrypted = false;  // with keys in a file beside the store
  std::shared_ptr<BlobStore> blobs{};
};

class OurStore {
 public:
  // Makes the store and its spaces.
  OurStore(const std::filesystem::path& folder, const OurOptions& options);

  const Store& store() const { return store_; }
  const Session& session() const { return session_; }
  const std::vector<Space>& spaces() const { return spaces_; }
  const Space& space() const { return spaces_.front(); }
  RowsWritten rows_written() const;
  // Closes and opens, so that what was written lies in files and nothing is cached.
  void reopen() {
    close();
    open(folder_);
  }
  void close();
  void open(const std::filesystem::path& folder);  // its own, or that of a copy

 private:
  std::filesystem::path folder_;
  OurOptions options_;
  Store store_;
  Session session_;
  std::vector<Space> spaces_;
};

}  // namespace spind::bench
