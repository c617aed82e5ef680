// Places for bytes under layers, for the behaviour that all of them share.
#pragma once

#include <chrono>
#include <utility>

#include "spind/blob_layers.h"
#include "spind/blob_mirror.h"
#include "support/harness.h"

namespace spind {
namespace {

template <class Under>
struct Retried {
  Under under;
  BlobStorePtr store = with_retry(std::move(under.store));
};
template <class Under>
struct Throttled {
  Under under;
  BlobStorePtr store = with_throttle(std::move(under.store), {1u << 30, 1u << 30, 1'000'000});
};
template <class Under>
struct Metered {
  Under under;
  BlobStorePtr store = with_metrics(std::move(under.store));
};
// Faults that a retry hides.
template <class Under>
struct Faulty {
  Under under;
  BlobStorePtr store = with_retry(
      with_faults(std::move(under.store), {.seed = test::seed(), .errors = 20, .lost_answers = 20}),
      {.attempts_max = 30, .wait_first = std::chrono::milliseconds(0), .reserve_max = 1000});
};
// Small blocks, so that most blobs have several, and so little room that some are evicted.
template <class Under>
struct Cached {
  Under under;
  test::TemporaryFolder cache;
  BlobStorePtr store =
      with_disk_cache(std::move(under.store),
                      {.folder = cache / "cache", .size_bytes_max = 100'000, .block_bytes = 4096})
          .value();
};
template <class Under>
struct Mirrored {
  Under north, south;
  test::TemporaryFolder journal;
  BlobStorePtr store = make_mirror({.backends = {{"north", std::move(north.store)},
                                                 {"south", std::move(south.store)}},
                                    .journal_folder = journal / "mirror"})
                           .value();
};
// One of them fails now and then: what it lacks is caught up while the others go on.
template <class Under>
struct HalfMirrored {
  Under north, south;
  test::TemporaryFolder journal;
  BlobStorePtr store =
      make_mirror(
          {.backends = {{"north", std::move(north.store)},
                        {"south",
                         with_faults(std::move(south.store),
                                     {.seed = test::seed(), .errors = 50, .lost_answers = 50})}},
           .write_quorum = 1,
           .journal_folder = journal / "mirror",
           .catch_up_period = std::chrono::milliseconds(1),
           .failures_max = 1'000})
          .value();
};

}  // namespace
}  // namespace spind
