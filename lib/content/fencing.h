// Whether the place of a store's blobs can tell apart those who use it.
//
//   owner/unfenced      stands there where it cannot, so that it is said at each opening
//
// Who owns blobs is told by what a listing shows after a put (blob_owner.h). That holds where the
// place has one order of all that is done to it, which no listing shows; but a place that lets two
// creates of one name win has none. There, two stores that claim the blobs at one moment may each
// be told that they own them, and each then removes what only the other knows.
#pragma once

#include "spind/blob_store.h"

namespace spind::content {

// What is found: that it can (true), or that it cannot and `allowed` says that this was weighed
// (false). unsupported: it cannot, and that is not allowed.

// On first use it is tried out, below names that nobody else has.
Result<bool> try_fencing(BlobStore& place, bool allowed);
Status note_fencing(BlobStore& place, bool fences);
// Later it is what was noted.
Result<bool> noted_fencing(BlobStore& place, bool allowed);

// What a process left that ended while it tried the place out.
Status clear_probes(BlobStore& place);

}  // namespace spind::content
