// Blobs in memory of which a test decides what each request is answered, and which count them.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "blob/memory/memory_blob_store.h"

namespace spind::test {

// Thread-safe if the hook is, which is set before it is used.
class ScriptedBlobs final : public BlobStore {
 public:
  // An error fails the request before it is carried out. `request` is put, get, range, remove,
  // list.
  using Hook = std::function<std::optional<Error>(std::string_view request, std::string_view name)>;

  MemoryBlobStore bytes;
  Hook before = nullptr;
  std::function<void(std::string_view request, std::string_view name)> after = nullptr;
  std::atomic<bool> down = false;
  std::atomic<int> puts = 0, gets = 0, ranges = 0, removes = 0, lists = 0;

  Status put(std::string_view name, std::span<const std::uint8_t> content) override {
    return run("put", puts, name, [&] { return bytes.put(name, content); });
  }
  Result<std::vector<std::uint8_t>> get(std::string_view name,
                                        std::uint64_t size_bytes_max) override {
    return run("get", gets, name, [&] { return bytes.get(name, size_bytes_max); });
  }
  Result<std::size_t> range(std::string_view name, std::uint64_t offset,
                            std::span<std::uint8_t> out) override {
    return run("range", ranges, name, [&] { return bytes.range(name, offset, out); });
  }
  Status remove(std::string_view name) override {
    return run("remove", removes, name, [&] { return bytes.remove(name); });
  }
  Result<std::vector<BlobListItem>> list(std::string_view prefix, std::string_view after_name,
                                         std::size_t count_max) override {
    return run("list", lists, prefix, [&] { return bytes.list(prefix, after_name, count_max); });
  }

 private:
  template <class Call>
  auto run(std::string_view request, std::atomic<int>& count, std::string_view name, Call call)
      -> decltype(call()) {
    ++count;
    if (down) return Error{Code::unavailable, "down"};
    if (before) {
      if (auto error = before(request, name)) return *std::move(error);
    }
    auto done = call();
    if (after) after(request, name);
    return done;
  }
};

}  // namespace spind::test
