// P16: a folder of 100,000 files copied by reference. Limit: the same rows in raw RocksDB, in
// batches of as many files. Then the remove and the move of that folder beside those of one file.
#include <fmt/format.h>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "raw_rocksdb.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr std::uint64_t kFiles = 100'000, kFolders = 100, kContents = 100, kAtOnce = 4'000;
constexpr std::size_t kFileBytes = 20'000;  // one piece in a pack
constexpr std::uint64_t kRawBatch = 1'000;  // files in an entry of ours
constexpr std::uint64_t kPayloadBytes = 170, kLocatorBytes = 30;

std::string file_name(std::uint64_t file) { return fmt::format("file-{:08}.txt", file); }

double seconds_of(const std::function<void()>& what) {
  const double begin = seconds_now();
  what();
  return seconds_now() - begin;
}

// A folder of many files, and one file beside it.
class CopiedTree {
 public:
  explicit CopiedTree(const Context& context)
      : folder_(context.folder, "copied"), store_(folder_.path(), {.deferred = true}) {
    const RandomBytes bytes(1);
    std::vector<std::uint8_t> room;
    for (std::uint64_t i = 0; i < kFiles; ++i) {
      const auto content = bytes.slice(i % kContents, kFileBytes, room);
      const std::string path = fmt::format("/many/{}/{}", i / (kFiles / kFolders), file_name(i));
      must(space().put(path, content, {.make_parents = true}), "put");
      if (i % kAtOnce == 0) wait();
    }
    must(space().put("/one", "a file"), "put");
    wait();
    store_.reopen();
  }

  Sample copy() {
    const RowsWritten before = store_.rows_written();
    const std::string to = fmt::format("/copy {}", ++copies_);
    const double seconds = seconds_of([&] {
      must(space().copy("/many", to), "copy");
      wait();
    });
    written_ = store_.rows_written().since(before).per(kFiles);
    return {.rate = static_cast<double>(kFiles) / seconds};
  }
  Sample remove(const std::string& path) {
    NodeId node = 0;
    const double seconds = seconds_of([&] {
      node = must(space().remove(path), "remove").node;
      wait();
    });
    must(space().restore(Ref::node(node)), "restore");
    wait();
    return {.rate = 1 / seconds};
  }
  Sample move(const std::string& path) {
    const double seconds = seconds_of([&] {
      must(space().move(path, "/moved"), "move");
      wait();
    });
    must(space().move("/moved", path), "move back");
    wait();
    return {.rate = 1 / seconds};
  }
  const RowsWritten& written() const { return written_; }

 private:
  const Space& space() const { return store_.space(); }
  void wait() const { must(store_.session().wait(), "wait"); }

  ScratchFolder folder_;
  OurStore store_;
  RowsWritten written_;
  int copies_ = 0;
};

void add_raw_batch(RawRocksDb& store, rocksdb::WriteBatch& batch, std::uint64_t first) {
  static const std::string kNode(kRawNodeBytes, 'n'), kLocator(kLocatorBytes, 'l'),
      kPayload(kPayloadBytes * kRawBatch, 'p'), kSkeleton(100, 's'), kCount(8, 'c');
  const auto put = [&](RawFamily family, const std::string& key, const std::string& value) {
    if (!batch.Put(store.family(family), key, value).ok()) give_up("copy", "a batch takes no row");
  };
  for (std::uint64_t file = first; file < first + kRawBatch; ++file) {
    put(RawFamily::state, raw_key(0, 'n', file / kRawBatch, file_name(file)), kNode);
    put(RawFamily::state, raw_key(0, 'l', file, {}), kLocator);
  }
  for (std::uint64_t content = 0; content < kContents; ++content)
    put(RawFamily::state, raw_key(0, 'p', content, std::string(32, 'x')), kCount);
  put(RawFamily::journal, raw_key(0, 'y', first, {}), kPayload);
  put(RawFamily::journal, raw_key(0, 'j', first, {}), kSkeleton);
  put(RawFamily::state, raw_key(0, 'h', 0, {}), kSkeleton);
}

Sample raw_copy(const Context& context, const RawTuning& tuning) {
  const ScratchFolder folder(context.folder, "limit");
  RawRocksDb store(folder.path(), tuning);
  const double seconds = seconds_of([&] {
    for (std::uint64_t first = 0; first < kFiles; first += kRawBatch) {
      rocksdb::WriteBatch batch;
      add_raw_batch(store, batch, first);
      if (first + kRawBatch < kFiles)
        store.write_unsynced(batch);
      else
        store.write(batch);
    }
  });
  return {.rate = static_cast<double>(kFiles) / seconds};
}

Comparison compare_copy(const Context& context) {
  CopiedTree tree(context);
  std::vector<Setting> limits;
  for (const RawTuning& tuning :
       {RawTuning{.name = "three families"}, RawTuning{.name = "one family", .families = false},
        RawTuning{.name = "three families, buffers of 128 MiB", .write_buffer_bytes = 128u << 20}})
    limits.push_back({tuning.name, [&context, tuning] { return raw_copy(context, tuning); }});
  Comparison result = side_by_side(
      context.plan, [&] { return tree.copy(); }, limits);
  result.note = fmt::format(
      "{} files of {} contents; a copied file writes {:.2f} rows and {:.0f} bytes of keys and "
      "values",
      kFiles, kContents, tree.written().rows, tree.written().bytes);
  return result;
}

using Change = Sample (CopiedTree::*)(const std::string& path);

Comparison compare_change(const Context& context, Change change) {
  CopiedTree tree(context);
  const Setting one{"one file", [&] { return (tree.*change)("/one"); }};
  return side_by_side(context.plan, [&] { return (tree.*change)("/many"); }, {one});
}

Row change_row(std::string id, std::string what, Change change) {
  return {.id = std::move(id),
          .what = std::move(what),
          .unit = "calls/s",
          .goal = 0.5,
          .run = [change](const Context& context) { return compare_change(context, change); }};
}

}  // namespace

std::vector<Row> copy_rows() {
  return {
      {.id = "P16.copy",
       .what = "copy of a folder of 100,000 files",
       .unit = "files/s",
       .goal = 0.5,
       .run = compare_copy},
      change_row("P16.remove", "remove of 100,000 files against that of one", &CopiedTree::remove),
      change_row("P16.move", "move of 100,000 files against that of one", &CopiedTree::move)};
}

}  // namespace spind::bench
