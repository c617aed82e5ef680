// P5, P5e: durable files of 4 KiB and of 64 KiB by 16 threads. Limits: raw synced puts of the same
// bytes; an append with a shared fdatasync, and then a raw synced batch of the metadata; ours
// without keys.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <deque>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "raw_rocksdb.h"
#include "row.h"
#include "shared_sync.h"

namespace spind::bench {
namespace {

constexpr unsigned kThreads = 16, kSpaces = 16;
constexpr std::size_t kSmallBytes = 4096, kMiddleBytes = 64u << 10;

const RandomBytes& content() {
  static const RandomBytes bytes(5);
  return bytes;
}

Load load_of(const Context& context) { return {.threads = kThreads, .seconds = context.seconds}; }

std::uint64_t number_of(unsigned thread, std::uint64_t n) {
  return (std::uint64_t{thread} << 40) + n;
}

Sample ours(const Context& context, std::size_t file_bytes, bool encrypted = false) {
  const ScratchFolder folder(context.folder, encrypted ? "sealed" : "ours");
  OurStore store(folder.path() / "store", {.spaces = kSpaces, .encrypted = encrypted});
  for (const Space& space : store.spaces()) must(space.make_folder("/in"), "make folder");
  return run_load(load_of(context), [&](unsigned thread, std::uint64_t n) {
    thread_local std::vector<std::uint8_t> room;
    const auto bytes = content().slice(number_of(thread, n), file_bytes, room);
    must(store.spaces()[thread % kSpaces].put(fmt::format("/in/file-{:08}.bin", n), bytes), "put");
  });
}

Sample raw_puts(const Context& context, const RawTuning& tuning) {
  const ScratchFolder folder(context.folder, "limit");
  RawRocksDb store(folder.path(), tuning);
  return run_load(load_of(context), [&](unsigned thread, std::uint64_t n) {
    thread_local std::vector<std::uint8_t> room;
    const auto bytes = content().slice(number_of(thread, n), kSmallBytes, room);
    rocksdb::WriteBatch batch;
    batch.Put(store.family(RawFamily::attachment), raw_key(thread, 'a', n, ""),
              {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    store.write(batch);
  });
}

// A file that many append to, synced for all who wait.
class RawPack {
 public:
  RawPack(const std::filesystem::path& path, std::uint64_t reserved_bytes)
      : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)),
        sync_([this] { sync(); }) {
    if (file_ < 0) give_up(path, std::strerror(errno));
    if (reserved_bytes > 0) {
      ::fallocate(file_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(reserved_bytes));
    }
  }
  ~RawPack() { ::close(file_); }
  RawPack(const RawPack&) = delete;
  RawPack& operator=(const RawPack&) = delete;

  void append(std::span<const std::uint8_t> bytes) {
    const std::uint64_t at = end_.fetch_add(bytes.size(), std::memory_order_relaxed);
    const ssize_t count = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count != static_cast<ssize_t>(bytes.size())) give_up("raw append", std::strerror(errno));
    sync_.wait_until_durable();
  }

 private:
  void sync() {
    if (::fdatasync(file_) != 0) give_up("raw fdatasync", std::strerror(errno));
  }

  int file_;
  std::atomic<std::uint64_t> end_ = 0;
  SharedSync sync_;
};

struct PackTuning {
  std::string name;
  unsigned packs = 1;
  std::uint64_t reserved_bytes = 0;
};

Sample raw_packs(const Context& context, const PackTuning& tuning) {
  const ScratchFolder folder(context.folder, "limit");
  RawRocksDb store(folder.path() / "rows", {});
  std::deque<RawPack> packs;
  for (unsigned i = 0; i < tuning.packs; ++i) {
    packs.emplace_back(folder.path() / fmt::format("pack-{}", i), tuning.reserved_bytes);
  }
  std::atomic<std::uint64_t> next_node = 2;
  return run_load(load_of(context), [&](unsigned thread, std::uint64_t n) {
    thread_local std::vector<std::uint8_t> room;
    packs[thread % tuning.packs].append(content().slice(number_of(thread, n), kMiddleBytes, room));
    const std::uint64_t node = next_node.fetch_add(1, std::memory_order_relaxed);
    rocksdb::WriteBatch batch;
    add_lean_create(store, batch,
                    {.space = thread % kSpaces,
                     .node = node,
                     .entry = node,
                     .name = fmt::format("file-{:08}.bin", n)},
                    {});
    store.write(batch);
  });
}

Comparison compare_small(const Context& context) {
  const std::vector<RawTuning> tunings = {
      {.name = "blob files, RocksDB's own group commit"},
      {.name = "blob files, one waiter syncs for all", .leader_syncs = true},
      {.name = "one family, no blob files, buffers of 128 MiB",
       .families = false,
       .blob_files = false,
       .write_buffer_bytes = 128u << 20},
  };
  std::vector<Setting> limits;
  for (const RawTuning& tuning : tunings) {
    limits.push_back({tuning.name, [&context, tuning] { return raw_puts(context, tuning); }});
  }
  Comparison result = side_by_side(
      context.plan, [&] { return ours(context, kSmallBytes); }, limits);
  result.note = "ours makes a file with all its rows, one space a thread; the limit puts one row";
  return result;
}

Comparison compare_middle(const Context& context) {
  const std::vector<PackTuning> tunings = {
      {.name = "one pack"},
      {.name = "one pack, room for 2 GiB reserved", .reserved_bytes = 2ull << 30},
      {.name = "two packs", .packs = 2},
  };
  std::vector<Setting> limits;
  for (const PackTuning& tuning : tunings) {
    limits.push_back({tuning.name, [&context, tuning] { return raw_packs(context, tuning); }});
  }
  Comparison result = side_by_side(
      context.plan, [&] { return ours(context, kMiddleBytes); }, limits);
  result.note = "one space a thread";
  return result;
}

Comparison compare_sealed(const Context& context, std::size_t file_bytes) {
  Comparison result =
      side_by_side(context.plan, [&] { return ours(context, file_bytes, true); },
                   {{"a store without keys", [&] { return ours(context, file_bytes); }}});
  result.note = "the same on both sides but for StoreOptions::keys";
  return result;
}

}  // namespace

std::vector<Row> small_file_rows() {
  return {{.id = "P5.4k",
           .what = "durable files of 4 KiB, 16 threads",
           .unit = "files/s",
           .goal = 0.7,
           .run = compare_small},
          {.id = "P5.64k",
           .what = "durable files of 64 KiB, 16 threads",
           .unit = "files/s",
           .goal = 0.8,
           .run = compare_middle},
          {.id = "P5e.4k",
           .what = "durable files of 4 KiB, 16 threads, encrypted",
           .unit = "files/s",
           .goal = 0.9,
           .run = [](const Context& context) { return compare_sealed(context, kSmallBytes); }},
          {.id = "P5e.64k",
           .what = "durable files of 64 KiB, 16 threads, encrypted",
           .unit = "files/s",
           .goal = 0.9,
           .run = [](const Context& context) { return compare_sealed(context, kMiddleBytes); }}};
}

}  // namespace spind::bench
