// P8: creates and stats in a store of very many nodes beside the same in a small one, the memory of
// the process and the bytes on disk that a file takes. P12: opening that store.
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/options_util.h>

#include <map>
#include <memory>
#include <thread>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "row.h"

namespace spind::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFewNodes = 100'000, kFilesPerSpace = 100'000, kFilesPerFolder = 1000;
constexpr std::uint64_t kAtOnce = 1000;
constexpr std::uint64_t kMemoryBytes = 512ull << 20, kBesideBudgetBytes = 64ull << 20;
constexpr unsigned kBuilders = 2, kCallers = 4;
constexpr double kStateBytesMax = 300, kJournalBytesToo = 550;
constexpr double kOpenSecondsMax = 1, kOpenAfterKillSecondsMax = 5;
// What a create adds to the log, about; a kill is worst when the log is at its longest.
constexpr std::uint64_t kUnflushedCreates = 200'000;

std::string file_place(std::uint64_t file) {
  return fmt::format("/{}/{}", file % kFilesPerSpace / kFilesPerFolder, file % kFilesPerFolder);
}

std::uint64_t scattered(std::uint64_t n) {
  n = (n ^ (n >> 31)) * 0x9E37'79B9'7F4A'7C15;
  return n ^ (n >> 32);
}

// Empty files in folders of 1,000, a hundred folders a space.
class GrownStore {
 public:
  GrownStore(const fs::path& folder, std::uint64_t files)
      : folder_(folder),
        store_(folder, {.spaces = static_cast<unsigned>((files - 1) / kFilesPerSpace + 1),
                        .memory_bytes = kMemoryBytes}) {
    std::vector<std::thread> builders;
    for (unsigned builder = 0; builder < kBuilders; ++builder)
      builders.emplace_back([this, builder] {
        for (std::size_t i = builder; i < spaces().size(); i += kBuilders) fill(spaces()[i].id());
      });
    for (std::thread& builder : builders) builder.join();
    store_.reopen();
  }

  const fs::path& folder() const { return folder_; }
  OurStore& store() { return store_; }
  std::uint64_t files() const { return spaces().size() * kFilesPerSpace; }

  Sample stat(double seconds) const {
    return run_load({.threads = kCallers, .seconds = seconds},
                    [this](unsigned thread, std::uint64_t n) {
                      const std::uint64_t file = scattered(n * kCallers + thread + 1) % files();
                      must(spaces()[file / kFilesPerSpace].stat(file_place(file)), "stat");
                    });
  }
  Sample create(double seconds) {
    const std::uint64_t round = ++round_;
    return run_load({.threads = kCallers, .seconds = seconds}, [&](unsigned thread,
                                                                   std::uint64_t n) {
      const std::uint64_t beside = scattered(n * kCallers + thread + 1) % files();
      const std::string place = fmt::format("{}-{}-{}-{}", file_place(beside), round, thread, n);
      must(spaces()[beside / kFilesPerSpace].put(place, ""), "create");
    });
  }
  // As many as the log holds before the store flushes by itself.
  void create_unflushed() {
    const Session many =
        must(store_.store().session({.user = "bench", .deferred = true}), "session");
    const Space space = must(many.space(spaces()[0].id()), "space");
    const std::uint64_t round = ++round_;
    for (std::uint64_t n = 0; n < kUnflushedCreates; ++n) {
      must(space.put(fmt::format("/unflushed/{}/{}/{}", round, n / kFilesPerFolder, n), "",
                     {.make_parents = true}),
           "create");
      if (n % kAtOnce == 0) must(many.wait(), "wait");
    }
    must(many.wait(), "wait");
  }

 private:
  const std::vector<Space>& spaces() const { return store_.spaces(); }

  void fill(const SpaceId& id) const {
    const Session many =
        must(store_.store().session({.user = "bench", .deferred = true}), "session");
    const Space space = must(many.space(id), "space");
    for (std::uint64_t i = 0; i < kFilesPerSpace; ++i) {
      must(space.put(file_place(i), "", {.make_parents = true}), "put");
      if (i % kAtOnce == 0) must(many.wait(), "wait");
    }
    must(many.wait(), "wait");
  }

  fs::path folder_;
  OurStore store_;
  std::uint64_t round_ = 0;
};

// Made by the first row that needs them, and kept for the others.
class Grown {
 public:
  GrownStore& many(const Context& context) { return made(many_, context, "many", context.nodes); }
  GrownStore& few(const Context& context) { return made(few_, context, "few", kFewNodes); }

 private:
  struct Made {
    ScratchFolder scratch;
    GrownStore store;
    Made(const Context& context, const char* name, std::uint64_t files)
        : scratch(context.folder, name), store(scratch.path() / "store", files) {}
  };

  static GrownStore& made(std::unique_ptr<Made>& store, const Context& context, const char* name,
                          std::uint64_t files) {
    if (!store) store = std::make_unique<Made>(context, name, files);
    return store->store;
  }

  std::unique_ptr<Made> many_, few_;
};
using SharedGrown = std::shared_ptr<Grown>;

double a_second(double millis) { return millis > 0 ? 1000 / millis : 0; }

std::string beside(std::uint64_t many) {
  return fmt::format("{} files beside {}, {} threads, budget {} MiB", many, kFewNodes, kCallers,
                     kMemoryBytes >> 20);
}

// ---- P8: time and processor time of a call ----

enum class Call8 { create, stat };

Sample one_run(GrownStore& store, Call8 call, double Sample::*call_ms, double seconds) {
  Sample sample = call == Call8::create ? store.create(seconds) : store.stat(seconds);
  sample.rate = a_second(sample.*call_ms);
  return sample;
}

Row call_row(const SharedGrown& grown, std::string id, std::string what, Call8 call,
             double Sample::*call_ms) {
  const auto compare = [=](const Context& context) {
    GrownStore& few = grown->few(context);
    GrownStore& many = grown->many(context);
    for (GrownStore* store : {&few, &many}) (void)store->stat(context.seconds);
    const Setting limit{fmt::format("{} files", kFewNodes),
                        [&] { return one_run(few, call, call_ms, context.seconds); }};
    Comparison result = side_by_side(
        context.plan, [&] { return one_run(many, call, call_ms, context.seconds); }, {limit});
    result.note = beside(many.files());
    return result;
  };
  return {.id = std::move(id),
          .what = std::move(what),
          .unit = "calls/s",
          .goal = 1 / 1.5,
          .run = compare};
}

// ---- P8: memory and disk ----

Comparison against(const Context& context, double ours, double limit, std::string limit_name,
                   std::string note) {
  Comparison result =
      side_by_side({.runs = 1, .ours = context.plan.ours, .limit = context.plan.limit},
                   [=] { return Sample{.rate = ours}; },
                   {{std::move(limit_name), [=] { return Sample{.rate = limit}; }}});
  result.note = std::move(note);
  return result;
}

Comparison compare_memory(const Context& context, const SharedGrown& grown) {
  GrownStore& many = grown->many(context);
  many.store().reopen();
  reset_resident_peak();
  (void)many.stat(4 * context.seconds);
  (void)many.create(4 * context.seconds);
  const double peak = static_cast<double>(resident_peak_bytes());
  const double allowed = static_cast<double>(kMemoryBytes + kBesideBudgetBytes);
  return against(context, 0x1p30 / peak, 0x1p30 / allowed, "the budget and 64 MiB",
                 fmt::format("peak {:.0f} MiB at {} files", peak / 0x1p20, many.files()));
}

// What the families take when all is compacted. On a copy: the store goes on as it was.
std::map<std::string, double> compacted_bytes(const Context& context, GrownStore& store) {
  const ScratchFolder scratch(context.folder, "compacted");
  const fs::path copy = scratch.path() / "store";
  must(store.store().store().checkpoint(copy), "checkpoint");
  rocksdb::DBOptions options;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  const auto checked = [](const rocksdb::Status& status) {
    if (!status.ok()) give_up("raw RocksDB", status.ToString());
  };
  checked(rocksdb::LoadLatestOptions({}, copy / "meta", &options, &families));
  options.info_log_level = rocksdb::InfoLogLevel::FATAL_LEVEL;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  checked(rocksdb::DB::Open(options, copy / "meta", families, &handles, &opened));
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::map<std::string, double> bytes;
  rocksdb::CompactRangeOptions whole;
  whole.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (rocksdb::ColumnFamilyHandle* family : handles) {
    checked(db->Flush({}, family));
    checked(db->CompactRange(whole, family, nullptr, nullptr));
    std::uint64_t tables = 0, blobs = 0;
    db->GetIntProperty(family, rocksdb::DB::Properties::kLiveSstFilesSize, &tables);
    db->GetIntProperty(family, rocksdb::DB::Properties::kLiveBlobFileSize, &blobs);
    bytes[family->GetName()] = static_cast<double>(tables + blobs);
    checked(db->DestroyColumnFamilyHandle(family));
  }
  return bytes;
}

Comparison compare_disk(const Context& context, const SharedGrown& grown, bool with_journal) {
  GrownStore& many = grown->many(context);
  double bytes = 0;
  std::string note = "bytes a file, by family:";
  for (const auto& [family, size] : compacted_bytes(context, many)) {
    if (family == "journal" && !with_journal) continue;
    const double a_file = size / static_cast<double>(many.files());
    bytes += a_file;
    note += fmt::format(" {} {:.1f}", family, a_file);
  }
  const double allowed = with_journal ? kJournalBytesToo : kStateBytesMax;
  return against(context, 0x1p30 / bytes, 0x1p30 / allowed, fmt::format("{} bytes", allowed), note);
}

// ---- P12 ----

// What a kill of the process would leave: all that was written, nothing that closing adds. Files
// that nobody writes to any more are linked.
void copy_as_killed(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(from)) {
    const fs::path target = to / fs::relative(entry.path(), from);
    const std::string kind = entry.path().extension();
    if (entry.is_directory())
      fs::create_directories(target);
    else if (kind == ".sst" || kind == ".blob")
      fs::create_hard_link(entry.path(), target);
    else
      fs::copy_file(entry.path(), target);
  }
}

Sample timed_open(GrownStore& grown, const fs::path& folder) {
  drop_cached(folder);
  const double begin = seconds_now();
  grown.store().open(folder);
  must(grown.store().space().stat(file_place(0)), "stat");
  return {.rate = 1 / (seconds_now() - begin)};
}

Comparison compare_open(const Context& context, const SharedGrown& grown) {
  GrownStore& many = grown->many(context);
  const Setting limit{"1 s", [] { return Sample{.rate = 1 / kOpenSecondsMax}; }};
  const auto ours = [&] {
    (void)many.create(context.seconds / 4);
    many.store().close();
    return timed_open(many, many.folder());
  };
  Comparison result = side_by_side(context.plan, ours, {limit});
  result.note = fmt::format("{} files, cold, to the first stat, all spaces opened", many.files());
  return result;
}

Comparison compare_open_after_kill(const Context& context, const SharedGrown& grown) {
  GrownStore& many = grown->many(context);
  const ScratchFolder scratch(context.folder, "killed");
  const Setting limit{"5 s", [] { return Sample{.rate = 1 / kOpenAfterKillSecondsMax}; }};
  const auto ours = [&] {
    many.create_unflushed();
    const fs::path killed = scratch.path() / "store";
    copy_as_killed(many.folder(), killed);
    many.store().close();
    const Sample sample = timed_open(many, killed);
    many.store().close();
    fs::remove_all(killed);
    many.store().open(many.folder());
    return sample;
  };
  Comparison result = side_by_side(context.plan, ours, {limit});
  result.note = fmt::format("{} files, cold; {} creates since the last open", many.files(),
                            kUnflushedCreates);
  return result;
}

Row fixed_row(const SharedGrown& grown, std::string id, std::string what, std::string unit,
              std::function<Comparison(const Context&, const SharedGrown&)> compare) {
  return {.id = std::move(id),
          .what = std::move(what),
          .unit = std::move(unit),
          .goal = 1,
          .run = [=](const Context& context) { return compare(context, grown); }};
}

}  // namespace

std::vector<Row> size_rows() {
  const SharedGrown grown = std::make_shared<Grown>();
  const auto disk = [](bool with_journal) {
    return [=](const Context& context, const SharedGrown& stores) {
      return compare_disk(context, stores, with_journal);
    };
  };
  return {
      fixed_row(grown, "P8.memory", "memory of the process, many nodes", "/GiB", compare_memory),
      fixed_row(grown, "P8.disk", "files a GiB of disk, without content and journal", "files/GiB",
                disk(false)),
      fixed_row(grown, "P8.journal", "files a GiB of disk, with their journal", "files/GiB",
                disk(true)),
      fixed_row(grown, "P12.closed", "open many nodes after a close", "opens/s", compare_open),
      fixed_row(grown, "P12.killed", "open many nodes after a kill", "opens/s",
                compare_open_after_kill),
      call_row(grown, "P8.create.p50", "create beside many nodes, median", Call8::create,
               &Sample::p50_ms),
      call_row(grown, "P8.create.p99", "create beside many nodes, p99", Call8::create,
               &Sample::p99_ms),
      call_row(grown, "P8.create.cpu", "create beside many nodes, processor time", Call8::create,
               &Sample::cpu_ms),
      call_row(grown, "P8.stat.p50", "stat among many nodes, median", Call8::stat, &Sample::p50_ms),
      call_row(grown, "P8.stat.p99", "stat among many nodes, p99", Call8::stat, &Sample::p99_ms),
      call_row(grown, "P8.stat.cpu", "stat among many nodes, processor time", Call8::stat,
               &Sample::cpu_ms)};
}

}  // namespace spind::bench
