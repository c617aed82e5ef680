// Places for bytes that the library brings along, to be given as StoreOptions::blobs, alone or
// below the layers of spind/blob_layers.h.
//
//   auto blobs = spind::folder_blobs("/mnt/large/spind");
//   if (!blobs.ok()) return fail(blobs.error());
//   auto store = spind::Store::open("/srv/spind", {.create = true, .blobs = *blobs});
#pragma once

#include <memory>
#include <string>

#include "spind/blob_store.h"

namespace spind {

// A folder, which may lie on another device than the store; it is made where the one above it is
// there. Locked as long as the answer lives. busy: another process, or another call, has it;
// io_error.
SPIND_EXPORT Result<std::shared_ptr<BlobStore>> folder_blobs(const std::string& folder);

// Memory: gone with the answer. For tests of a host.
SPIND_EXPORT std::shared_ptr<BlobStore> memory_blobs();

}  // namespace spind
