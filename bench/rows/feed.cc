// P7: polling the root version of many spaces. P17: reading the feed of a space beside a raw scan
// of the same bytes, and how long a commit takes to wake a thread that waits for it.
#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "raw_rocksdb.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr unsigned kSpaces = 100'000, kMakers = 64, kPollers = 2, kTimeEachNth = 16;
constexpr double kPollsToReach = 1e6;
// The records of 100,000 spaces fit into the part of it that is for rows.
constexpr std::uint64_t kPollMemoryBytes = 1ull << 30;

constexpr std::uint64_t kEntries = 1'000'000, kFilesPerFolder = 1000;
constexpr std::size_t kPageItems = 1000;
constexpr std::size_t kCommitBytes = 1536;  // what a put of a short text adds to the log, about

// ---- P7 ----

class ManySpaces {
 public:
  explicit ManySpaces(const std::filesystem::path& folder)
      : store_(must(Store::open(folder, {.create = true, .memory_bytes = kPollMemoryBytes}),
                    "open store")),
        session_(must(store_.session({.user = "bench"}), "open session")) {
    std::vector<std::vector<Space>> made(kMakers);
    std::vector<std::thread> makers;
    for (unsigned maker = 0; maker < kMakers; ++maker)
      makers.emplace_back([&, maker] {
        for (unsigned i = maker; i < kSpaces; i += kMakers)
          made[maker].push_back(
              must(session_.create_space({.alias = fmt::format("space-{}", i)}), "create space"));
      });
    for (std::thread& maker : makers) maker.join();
    for (const std::vector<Space>& some : made)
      spaces_.insert(spaces_.end(), some.begin(), some.end());
    for (const Space& space : spaces_) must(space.root_version(), "root version");
  }

  Sample poll(const Context& context) const {
    std::atomic<bool> done{false};
    std::thread writer([&] {
      for (std::size_t n = 0; !done; ++n)
        must(spaces_[n * 7919 % spaces_.size()].put("/file", "one short text"), "put");
    });
    const Load load{.threads = kPollers, .seconds = context.seconds, .time_each_nth = kTimeEachNth};
    const Sample sample = run_load(load, [&](unsigned thread, std::uint64_t n) {
      const std::uint64_t mixed = (n * kPollers + thread + 1) * 0x9E37'79B9'7F4A'7C15;
      must(spaces_[(mixed >> 32) % spaces_.size()].root_version(), "root version");
    });
    done = true;
    writer.join();
    return sample;
  }

 private:
  Store store_;
  Session session_;
  std::vector<Space> spaces_;
};

Comparison compare_polls(const Context& context) {
  const ScratchFolder folder(context.folder, "ours");
  const ManySpaces spaces(folder.path());
  Comparison result = side_by_side(context.plan, [&] { return spaces.poll(context); },
                                   {{"what is to be reached", [] {
                                       return Sample{kPollsToReach, 0};
                                     }}});
  result.note = fmt::format("with a memory budget of {} MiB", kPollMemoryBytes >> 20);
  return result;
}

// ---- P17.read ----

// A family of our store's RocksDB, read as it lies there.
class RawJournal {
 public:
  RawJournal(const std::filesystem::path& store, std::size_t readahead_bytes) {
    const std::string path = store / "meta";
    std::vector<std::string> names;
    check(rocksdb::DB::ListColumnFamilies({}, path, &names));
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(512u << 20);
    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, options);
    rocksdb::DB* opened = nullptr;
    check(rocksdb::DB::OpenForReadOnly({}, path, families, &handles_, &opened));
    db_.reset(opened);
    journal_ = handles_[static_cast<std::size_t>(std::find(names.begin(), names.end(), "journal") -
                                                 names.begin())];
    options_.readahead_size = readahead_bytes;
  }
  ~RawJournal() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_)
      (void)db_->DestroyColumnFamilyHandle(handle);
  }
  RawJournal(const RawJournal&) = delete;
  RawJournal& operator=(const RawJournal&) = delete;

  // Entries a second: each has two rows.
  Sample scan() {
    const double begin = seconds_now();
    std::uint64_t rows = 0;
    const std::unique_ptr<rocksdb::Iterator> iterator(db_->NewIterator(options_, journal_));
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      bytes_ += iterator->key().size() + iterator->value().size();
      ++rows;
    }
    check(iterator->status());
    if (rows < 2 * kEntries) give_up("raw scan", "rows are missing");
    return {static_cast<double>(rows) / 2 / (seconds_now() - begin), 0};
  }

 private:
  static void check(const rocksdb::Status& status) {
    if (!status.ok()) give_up("raw journal", status.ToString());
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocksdb::ColumnFamilyHandle* journal_ = nullptr;
  rocksdb::ReadOptions options_;
  std::uint64_t bytes_ = 0;
};

void fill(OurStore& store) {
  for (std::uint64_t n = 0; n < kEntries; ++n) {
    const std::string path = fmt::format("/folder-{}/document-{}.odt", n / kFilesPerFolder, n);
    must(store.space().put(path, "one short text", {.make_parents = true}), "put");
  }
  store.reopen();
}

Sample read_feed(const Space& space) {
  const double begin = seconds_now();
  std::string cursor;
  EntryNumber last = 0;
  for (bool more = true; more;) {
    const ChangePage page = must(space.changes(cursor, {.count_max = kPageItems}), "changes");
    cursor = page.cursor;
    last = page.number;
    more = page.more;
  }
  if (last <= kEntries) give_up("changes", "entries are missing");
  return {static_cast<double>(last) / (seconds_now() - begin), 0};
}

Comparison compare_reads(const Context& context) {
  const ScratchFolder folder(context.folder, "ours");
  OurStore store(folder.path(), {.deferred = true});
  fill(store);
  RawJournal plain(folder.path(), 0), ahead(folder.path(), 2u << 20);
  read_feed(store.space());
  return side_by_side(context.plan, [&] { return read_feed(store.space()); },
                      {{"an iterator over the same files", [&] { return plain.scan(); }},
                       {"the same, read-ahead of 2 MiB", [&] { return ahead.scan(); }}});
}

// ---- P17.wake ----

Sample p99_as_rate(std::vector<double>& times_s) {
  const auto at = times_s.begin() + static_cast<std::ptrdiff_t>((times_s.size() - 1) * 99 / 100);
  std::nth_element(times_s.begin(), at, times_s.end());
  return {1 / *at, *at * 1000};
}

// One thread commits, another waits for it, and each commit begins when the other has woken.
Sample wake(const Context& context, const Space& space) {
  std::atomic<EntryNumber> seen{must(space.root_version(), "root version").number};
  std::atomic<double> woken_at{0};
  std::atomic<bool> done{false};
  std::thread waiter([&] {
    while (!done) {
      const auto now = space.wait(seen, std::chrono::seconds(1));
      if (!now.ok()) continue;
      woken_at = seconds_now();
      seen = now->number;
      seen.notify_one();
    }
  });
  std::vector<double> times_s;
  const double end = seconds_now() + context.seconds;
  while (seconds_now() < end) {
    const double begin = seconds_now();
    const EntryNumber entry = must(space.put("/file", "one short text"), "put").entry;
    for (EntryNumber last = seen; last < entry; last = seen) seen.wait(last);
    times_s.push_back(woken_at - begin);
  }
  done = true;
  must(space.put("/file", "the end"), "put");
  waiter.join();
  return p99_as_rate(times_s);
}

Sample append_and_sync(const Context& context, const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) give_up("append", "cannot open");
  const std::string bytes(kCommitBytes, 'x');
  std::vector<double> times_s;
  const double end = seconds_now() + context.seconds;
  while (seconds_now() < end) {
    const double begin = seconds_now();
    if (::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
        ::fdatasync(file) != 0)
      give_up("append", "cannot write");
    times_s.push_back(seconds_now() - begin);
  }
  ::close(file);
  return p99_as_rate(times_s);
}

Comparison compare_wakes(const Context& context) {
  const ScratchFolder folder(context.folder, "ours");
  const OurStore store(folder.path() / "store", {});
  Comparison result = side_by_side(context.plan, [&] { return wake(context, store.space()); },
                                   {{"append of 1.5 KiB and fdatasync", [&] {
                                       return append_and_sync(context, folder.path() / "log");
                                     }}});
  result.note = "rates are 1 / p99: the goal is that the p99 is at most twice that of the sync";
  return result;
}

}  // namespace

std::vector<Row> feed_rows() {
  return {{.id = "P7",
           .what = "root version poll, 2 threads, 100,000 spaces, a writer running",
           .unit = "polls/s",
           .goal = 1,
           .run = compare_polls},
          {.id = "P17.read",
           .what = "feed: read 1,000,000 entries in pages of 1,000, warm",
           .unit = "entries/s",
           .goal = 0.3,
           .run = compare_reads},
          {.id = "P17.wake",
           .what = "from the call that commits to a thread that waits for it, p99",
           .unit = "1/s",
           .goal = 0.5,
           .run = compare_wakes}};
}

}  // namespace spind::bench
