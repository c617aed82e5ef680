// P2: stat by path, warm. Limit: as many raw gets as the path has parts, each with the id that the
// one before it found.
#include <fmt/format.h>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "raw_rocksdb.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr unsigned kFanOut = 8, kFilesPerFolder = 5, kTimeEachNth = 16;
constexpr unsigned kChains = 64, kFilesPerChain = 10, kDeep = 10;

using Parts = std::vector<std::string>;

std::string joined(const Parts& parts) {
  std::string path;
  for (const std::string& part : parts) path += "/" + part;
  return path;
}

// Four levels of eight folders each, and five files in each of the lowest: 20,480 files.
std::vector<Parts> files_at_depth_five() {
  std::vector<Parts> folders = {{}}, files;
  for (unsigned level = 1; level <= 4; ++level) {
    std::vector<Parts> below;
    for (const Parts& folder : folders) {
      for (unsigned i = 0; i < kFanOut; ++i) {
        below.push_back(folder);
        below.back().push_back(fmt::format("folder-{}-{}", level, i));
      }
    }
    folders = std::move(below);
  }
  for (const Parts& folder : folders) {
    for (unsigned i = 0; i < kFilesPerFolder; ++i) {
      files.push_back(folder);
      files.back().push_back(fmt::format("document-{}.odt", i));
    }
  }
  return files;
}

// As many files in the root, or at the end of chains of folders.
std::vector<Parts> files_at_depth(unsigned depth) {
  std::vector<Parts> files;
  for (unsigned i = 0; i < kChains * kFilesPerChain; ++i) {
    Parts parts;
    for (unsigned level = 1; level < depth; ++level) {
      parts.push_back(fmt::format("folder-{}-{}", level, i / kFilesPerChain));
    }
    parts.push_back(fmt::format("document-{}.odt", i));
    files.push_back(std::move(parts));
  }
  return files;
}

void fill(OurStore& store, const std::vector<Parts>& files) {
  const std::string_view text = "one short text";
  for (const Parts& file : files) {
    must(store.space().put(joined(file), text, {.make_parents = true}), "put");
  }
  must(store.session().wait(), "wait");
}

std::size_t pick(unsigned thread, std::uint64_t n, std::size_t count) {
  const std::uint64_t mixed = (n * 4 + thread + 1) * 0x9E37'79B9'7F4A'7C15;
  return static_cast<std::size_t>((mixed >> 32) % count);
}

Load load_of(const Context& context, unsigned threads) {
  return {.threads = threads, .seconds = context.seconds, .time_each_nth = kTimeEachNth};
}

Sample stat_ours(const Context& context, unsigned threads, const OurStore& store,
                 const std::vector<std::string>& paths) {
  return run_load(load_of(context, threads), [&](unsigned thread, std::uint64_t n) {
    must(store.space().stat(paths[pick(thread, n, paths.size())]), "stat");
  });
}

std::vector<std::string> paths_of(const std::vector<Parts>& files) {
  std::vector<std::string> paths;
  for (const Parts& file : files) paths.push_back(joined(file));
  return paths;
}

// The same tree as rows of raw RocksDB.
class RawTree {
 public:
  RawTree(const std::filesystem::path& folder, const RawTuning& tuning, bool compacted,
          const std::vector<Parts>& files)
      : store_(folder, tuning), state_(store_.family(RawFamily::state)) {
    for (const Parts& file : files) add(file);
    if (compacted) store_.compact();
  }

  void look_up(const Parts& path) {
    thread_local std::string key;
    thread_local rocksdb::PinnableSlice record;
    std::uint64_t node = 1;
    for (const std::string& name : path) {
      set_raw_key(key, 0, 'n', node, name);
      record.Reset();
      const rocksdb::Status status = store_.db().Get({}, state_, key, &record);
      if (!status.ok()) give_up("raw get", status.ToString());
      node = raw_node_id(record);
    }
  }

 private:
  void add(const Parts& path) {
    std::uint64_t parent = 1;
    for (const std::string& name : path) {
      std::string record;
      const std::string key = raw_key(0, 'n', parent, name);
      if (store_.db().Get({}, state_, key, &record).ok()) {
        parent = raw_node_id(record);
        continue;
      }
      rocksdb::WriteBatch batch;
      add_lean_create(store_, batch,
                      {.parent = parent, .node = next_, .entry = next_, .name = name}, {});
      store_.write_unsynced(batch);
      parent = next_++;
    }
  }

  RawRocksDb store_;
  rocksdb::ColumnFamilyHandle* state_;
  std::uint64_t next_ = 2;
};

Comparison compare_with_gets(const Context& context, unsigned threads) {
  const std::vector<Parts> files = files_at_depth_five();
  const ScratchFolder our_folder(context.folder, "ours"), raw_folder(context.folder, "limit");
  OurStore store(our_folder.path(), {.deferred = true});
  fill(store, files);
  store.reopen();
  RawTree blocks(raw_folder.path() / "blocks", {}, true, files);
  RawTree hashed(raw_folder.path() / "hashed", {.hash_index = true}, true, files);
  RawTree memory(raw_folder.path() / "memory", {}, false, files);
  const auto gets = [&](RawTree& tree) {
    return run_load(load_of(context, threads), [&](unsigned thread, std::uint64_t n) {
      tree.look_up(files[pick(thread, n, files.size())]);
    });
  };
  const std::vector<Setting> limits = {
      {"compacted, in the block cache, bloom filter", [&] { return gets(blocks); }},
      {"the same with a hash index in each block", [&] { return gets(hashed); }},
      {"in the memtable, never flushed", [&] { return gets(memory); }},
  };
  const std::vector<std::string> paths = paths_of(files);
  stat_ours(context, threads, store, paths);
  return side_by_side(
      context.plan, [&] { return stat_ours(context, threads, store, paths); }, limits);
}

Comparison compare_depths(const Context& context) {
  const std::vector<Parts> deep = files_at_depth(kDeep), shallow = files_at_depth(1);
  const ScratchFolder folder(context.folder, "ours");
  OurStore store(folder.path(), {.deferred = true});
  fill(store, deep);
  fill(store, shallow);
  store.reopen();
  const std::vector<std::string> deep_paths = paths_of(deep), shallow_paths = paths_of(shallow);
  stat_ours(context, 1, store, deep_paths);
  stat_ours(context, 1, store, shallow_paths);
  Comparison result = side_by_side(
      context.plan, [&] { return stat_ours(context, 1, store, deep_paths); },
      {{"ours at depth 1", [&] { return stat_ours(context, 1, store, shallow_paths); }}});
  result.note = "the goal is that depth 10 takes at most twice the time of depth 1";
  return result;
}

}  // namespace

std::vector<Row> stat_rows() {
  std::vector<Row> rows;
  for (const unsigned threads : {1u, 4u}) {
    rows.push_back(
        {.id = fmt::format("P2.{}", threads),
         .what = fmt::format("stat by path, depth 5, warm, {} thread{}", threads,
                             threads > 1 ? "s" : ""),
         .unit = "stats/s",
         .goal = 2,
         .run = [threads](const Context& context) { return compare_with_gets(context, threads); }});
  }
  rows.push_back({.id = "P2.depth",
                  .what = "stat by path, depth 10 beside depth 1, warm, 1 thread",
                  .unit = "stats/s",
                  .goal = 0.5,
                  .run = compare_depths});
  return rows;
}

}  // namespace spind::bench
