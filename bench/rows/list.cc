// P3: list a folder of 100,000 files through pages of 1,000. Limit: a raw iterator over as many
// node records.
#include <fmt/format.h>

#include "disk.h"
#include "load.h"
#include "must.h"
#include "our_store.h"
#include "raw_rocksdb.h"
#include "row.h"

namespace spind::bench {
namespace {

constexpr std::uint64_t kFiles = 100'000;
constexpr unsigned kPageItems = 1'000;
constexpr std::uint64_t kMemoryGrowthMax = 8u << 20;

std::string file_name(std::uint64_t n) { return fmt::format("document-{:06}.odt", n); }

Load load_of(const Context& context) {
  return {.threads = 1, .seconds = context.seconds, .units_per_call = kPageItems};
}

class OurListing {
 public:
  explicit OurListing(const std::filesystem::path& folder) : store_(folder, {.deferred = true}) {
    must(store_.space().make_folder("/in"), "make folder");
    for (std::uint64_t n = 0; n < kFiles; ++n) {
      must(store_.space().put("/in/" + file_name(n), "one short text"), "put");
    }
    store_.reopen();
  }

  void next_page() {
    Page page = next_items();
    if (page.items.empty()) page = next_items();  // the end; again from the front
    if (page.items.size() != kPageItems) give_up("list", "a page is short");
  }

 private:
  Page next_items() {
    Page page =
        must(store_.space().list("/in", {.count_max = kPageItems, .after = after_}), "list");
    after_ = page.next;
    return page;
  }

  OurStore store_;
  std::string after_;
};

class RawListing {
 public:
  RawListing(const std::filesystem::path& folder, const RawTuning& tuning,
             std::size_t readahead_bytes)
      : store_(folder, tuning) {
    for (std::uint64_t n = 0; n < kFiles; ++n) {
      rocksdb::WriteBatch batch;
      add_lean_create(store_, batch, {.node = n + 2, .entry = n + 2, .name = file_name(n)}, {});
      store_.write_unsynced(batch);
    }
    store_.compact();
    options_.readahead_size = readahead_bytes;
    end_ = raw_key(0, 'n', 2, "");
    end_slice_ = end_;
    options_.iterate_upper_bound = &end_slice_;
  }

  void next_page() {
    for (unsigned i = 0; i < kPageItems; ++i) {
      if (iterator_ == nullptr || !iterator_->Valid()) rewind();
      bytes_ += iterator_->key().size() + iterator_->value().size();
      iterator_->Next();
    }
  }

 private:
  void rewind() {
    iterator_.reset(store_.db().NewIterator(options_, store_.family(RawFamily::state)));
    iterator_->Seek(raw_key(0, 'n', 1, ""));
    if (!iterator_->Valid()) give_up("raw iterator", iterator_->status().ToString());
  }

  RawRocksDb store_;
  rocksdb::ReadOptions options_;
  std::string end_;
  rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;  // goes before what it points to
  std::uint64_t bytes_ = 0;
};

Comparison compare(const Context& context) {
  const ScratchFolder our_folder(context.folder, "ours"), raw_folder(context.folder, "limit");
  OurListing ours(our_folder.path());
  RawListing small(raw_folder.path() / "small", {}, 0);
  RawListing large(raw_folder.path() / "large", {.block_bytes = 32u << 10}, 0);
  RawListing ahead(raw_folder.path() / "ahead", {.block_bytes = 32u << 10}, 2u << 20);
  const auto pages = [&](auto& listing) {
    return run_load(load_of(context), [&](unsigned, std::uint64_t) { listing.next_page(); });
  };
  pages(ours);
  std::uint64_t growth = 0;
  Comparison result =
      side_by_side(context.plan,
                   [&] {
                     reset_resident_peak();
                     const std::uint64_t before = resident_bytes();
                     const Sample sample = pages(ours);
                     growth = resident_peak_bytes() - before;
                     return sample;
                   },
                   {{"blocks of 4 KiB", [&] { return pages(small); }},
                    {"blocks of 32 KiB", [&] { return pages(large); }},
                    {"blocks of 32 KiB, read-ahead of 2 MiB", [&] { return pages(ahead); }}});
  result.held = growth <= kMemoryGrowthMax;
  result.note = fmt::format(
      "p99 is of one page; memory grew by {} KiB in the last run of ours "
      "({} MiB allowed)",
      growth >> 10, kMemoryGrowthMax >> 20);
  return result;
}

}  // namespace

std::vector<Row> list_rows() {
  return {{.id = "P3",
           .what = "list 100,000 entries in pages of 1,000, warm",
           .unit = "entries/s",
           .goal = 0.5,
           .run = compare}};
}

}  // namespace spind::bench
