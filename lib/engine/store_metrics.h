// What an operator sees of the store's parts, in Prometheus text.
#pragma once

#include <string>

#include "content/content.h"
#include "kv/kv.h"
#include "space/row_cache.h"
#include "upkeep/reclaim.h"
#include "upkeep/scrub.h"

namespace spind::engine {

struct StoreNumbers {
  kv::Store::Metrics kv;
  content::Metrics content;
  upkeep::Reclaimer::Metrics reclaim;
  upkeep::Scrubber::Metrics scrub;
  const space::RowCache& rows;
  std::uint64_t past_memory_bytes = 0;
  std::uint64_t memory_budget_bytes = 0;
  bool content_healthy = true;
  bool read_only = false;
  std::uint64_t retired_trash_items = 0, thinned_versions = 0;
  struct Uploads {
    std::uint64_t receiving = 0, held = 0, oldest_seconds = 0;
  } uploads{};
};

void print_store_metrics(const StoreNumbers& numbers, std::string& out);

}  // namespace spind::engine
