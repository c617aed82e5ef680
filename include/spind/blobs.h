// Where the bytes of a store lie, and moving them elsewhere: from its folder to a place that the
// host gives, from there to another one, or back.
//
//   auto bucket = spind::open_s3(options);
//   auto moved = store->move_blobs(*bucket);     // the store is in use until the last few blobs
//   if (moved.ok()) store = spind::Store::open("/srv/spind", {.blobs = *bucket});
//   store->empty_left_place(old);                // and again meanwhile; a folder empties by itself
//
// lib/content/README.md tells what holds when it is interrupted.
#pragma once

#include <cstdint>
#include <optional>

#include "spind/options.h"

namespace spind {

struct BlobStatus {
  bool in_folder = true;      // else where StoreOptions::blobs says
  bool move_started = false;  // and not ended: move_blobs goes on with it
  bool left_behind = false;   // some may lie where the store moved away from; see empty_left_place
  bool read_only = false;  // another copy of the store has used the blobs since; health() says more
  bool unfenced = false;   // StoreOptions::allow_unfenced was needed
  // Bytes that wait in the store's folder (Durability::staged), and that a move which runs now
  // still has to copy, as far as it knows.
  std::uint64_t pending_bytes = 0;
  // Where StoreOptions::blobs is a BlobMirror itself: what its backends lack, and what it has
  // written back to one that had lost or damaged it. Else 0.
  std::uint64_t missing = 0, healed = 0;
};

struct MoveBlobsOptions {
  bool allow_unfenced = false;   // as StoreOptions::allow_unfenced, of the new place
  std::uint64_t rate_bytes = 0;  // so many a second are copied; 0: no limit
  // Done and total in blobs; the total grows while others write. False cancels.
  ProgressCallback progress{};
  std::optional<CancelToken> cancel{};
};

struct MoveBlobsReport {
  std::uint64_t blobs = 0, bytes = 0;  // copied by this call
  // Of them, those that hold bytes in use which are damaged at the old place already. They are
  // copied as they are: check with `read_content` names the versions.
  std::uint64_t damaged = 0;
};

struct EmptyLeftPlaceOptions {
  std::optional<CancelToken> cancel{};
};

}  // namespace spind
