// P1, P1a, P1b: durable creates of files of 4 KiB. Limit: lean creates in raw RocksDB.
#include <fmt/format.h>
#include <atomic>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "raw_rocksdb.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr std::size_t kFileBytes = 4096;

struct Shape {
  unsigned threads = 1;
  unsigned spaces = 1;
  unsigned batch = 1;  // files that are waited for together
};

const RandomBytes& content() {
  static const RandomBytes bytes(1);
  return bytes;
}

// File n of a thread goes to a space of its own choice; every thread meets every space.
std::size_t space_of(const Shape& shape, unsigned thread, std::uint64_t n) {
  return (thread + n * 7) % shape.spaces;
}

std::string file_name(unsigned thread, std::uint64_t n) {
  return fmt::format("file-{:02}-{:08}.txt", thread, n);
}

Load load_of(const Context& context, const Shape& shape) {
  return {.threads = shape.threads, .seconds = context.seconds, .units_per_call = shape.batch};
}

Sample ours(const Context& context, const Shape& shape, RowsWritten& written) {
  const ScratchFolder folder(context.folder, "ours");
  OurStore store(folder.path(), {.spaces = shape.spaces, .deferred = shape.batch > 1});
  for (const Space& space : store.spaces()) must(space.make_folder("/in"), "make folder");
  must(store.session().wait(), "wait");
  const RowsWritten before = store.rows_written();
  std::atomic<std::uint64_t> files = 0;
  const Sample sample = run_load(load_of(context, shape), [&](unsigned thread, std::uint64_t n) {
    thread_local std::vector<std::uint8_t> room;
    for (std::uint64_t i = n * shape.batch; i < (n + 1) * shape.batch; ++i) {
      const auto bytes = content().slice((std::uint64_t{thread} << 40) + i, kFileBytes, room);
      const Space& space = store.spaces()[space_of(shape, thread, i)];
      must(space.put("/in/" + file_name(thread, i), bytes), "put");
    }
    if (shape.batch > 1) must(store.session().wait(), "wait");
    files.fetch_add(shape.batch, std::memory_order_relaxed);
  });
  written = store.rows_written().since(before).per(files.load());
  return sample;
}

Sample limit(const Context& context, const Shape& shape, const RawTuning& tuning) {
  const ScratchFolder folder(context.folder, "limit");
  RawRocksDb store(folder.path(), tuning);
  std::atomic<std::uint64_t> next_node = 2;
  return run_load(load_of(context, shape), [&](unsigned thread, std::uint64_t n) {
    thread_local std::vector<std::uint8_t> room;
    rocksdb::WriteBatch batch;
    for (std::uint64_t i = n * shape.batch; i < (n + 1) * shape.batch; ++i) {
      const auto bytes = content().slice((std::uint64_t{thread} << 40) + i, kFileBytes, room);
      const std::uint64_t node = next_node.fetch_add(1, std::memory_order_relaxed);
      add_lean_create(store, batch,
                      {.space = space_of(shape, thread, i),
                       .node = node,
                       .entry = node,
                       .name = file_name(thread, i)},
                      bytes);
    }
    store.write(batch);
  });
}

Comparison compare(const Context& context, const Shape& shape) {
  const std::vector<RawTuning> tunings = {
      {.name = "three families, blob files, RocksDB's own group commit"},
      {.name = "three families, blob files, one waiter syncs for all", .leader_syncs = true},
      {.name = "one family, no blob files, buffers of 128 MiB",
       .families = false,
       .blob_files = false,
       .write_buffer_bytes = 128u << 20},
  };
  std::vector<Setting> limits;
  for (const RawTuning& tuning : tunings) {
    limits.push_back(
        {tuning.name, [&context, &shape, tuning] { return limit(context, shape, tuning); }});
  }
  RowsWritten written;
  Comparison result = side_by_side(
      context.plan, [&] { return ours(context, shape, written); }, limits);
  result.note = fmt::format(
      "a create of ours writes {:.1f} rows and {:.0f} bytes of keys and "
      "values; a lean create 6 rows and about 4,820 bytes",
      written.rows, written.bytes);
  return result;
}

Row row(std::string id, std::string what, double goal, const Shape& shape) {
  return {.id = std::move(id),
          .what = std::move(what),
          .unit = "files/s",
          .goal = goal,
          .run = [shape](const Context& context) { return compare(context, shape); }};
}

}  // namespace

std::vector<Row> create_rows() {
  return {
      row("P1.spaces", "durable create of 4 KiB, 32 threads, 64 spaces", 0.8,
          {.threads = 32, .spaces = 64}),
      row("P1.hot", "durable create of 4 KiB, 32 threads, one hot space", 0.7, {.threads = 32}),
      row("P1a", "durable create of 4 KiB, 1 thread", 0.85, {}),
      row("P1b", "create of 4 KiB, 1 thread, durable once per 256", 0.5, {.batch = 256}),
  };
}

}  // namespace spind::bench
