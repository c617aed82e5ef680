#include "s3/far_store.h"

#include <set>

#include "base/try.h"
#include "content/object_packs.h"
#include "content/stored_blobs.h"

namespace spind::test {
namespace {

constexpr std::size_t kNamesMax = 1'000'000;

void note(ListingDifference& difference, const std::string& line) {
  if (difference.text.size() < 2'000) difference.text += line + "\n";
}

}  // namespace

ListingDifference compare_listing(kv::Store& rows, BlobStore& blobs) {
  ListingDifference difference;
  std::set<std::string> needed, listed;
  const Status visited =
      content::visit_blobs(*rows.durable(), {.object = [&](const std::string& name) -> Status {
                                               needed.insert(name);
                                               return {};
                                             },
                                             .pack = [&](std::uint64_t number) -> Status {
                                               needed.insert(content::pack_object_name(number));
                                               return {};
                                             }});
  if (!visited.ok()) note(difference, "rows: " + visited.error().to_string());
  for (const char* const prefix : {"o/", "p/"}) {
    const auto items = blobs.list(prefix, "", kNamesMax);
    if (!items.ok()) {
      note(difference, "listing: " + items.error().to_string());
      return difference;
    }
    for (const BlobListItem& item : *items) listed.insert(item.name);
  }
  for (const std::string& name : needed) {
    if (listed.contains(name)) continue;
    ++difference.missing;
    note(difference, name + " is not in the bucket");
  }
  for (const std::string& name : listed) {
    if (needed.contains(name)) continue;
    ++difference.orphans;
    note(difference, name + " is in the bucket, and nothing refers to it");
  }
  return difference;
}

Status FarStore::open(std::shared_ptr<BlobStore> blobs) {
  StoreOptions options{.create = true};
  options.memory_bytes = kMemoryBytes;
  options.free_space_reserve_bytes = 0;
  options.blobs = std::move(blobs);
  options.upkeep_period = std::chrono::milliseconds(0);
  options.allow_unfenced = true;  // what a proxy spoils may look like a server that cannot
  engine::Seams seams;
  seams.clock = &clock_;
  seams.open_kv = [this](const engine::KvSetup& setup) {
    auto opened = engine::default_kv(setup);
    if (opened.ok()) rows_ = opened->get();
    return opened;
  };
  SPIND_TRY_ASSIGN(Store opened, engine::open_with(folder_, options, seams));
  store_.emplace(std::move(opened));
  return {};
}

Status FarStore::collect_past_grace() {
  constexpr int kCollectionsMax = 20;
  for (int i = 0; i < kCollectionsMax; ++i) {
    clock_.advance(std::chrono::hours(25));
    SPIND_TRY_ASSIGN(const CollectReport report, store_->collect());
    if (i > 2 && report.removed == 0) return {};
  }
  return Error{Code::aborted, "collecting does not come to an end"};
}

}  // namespace spind::test
