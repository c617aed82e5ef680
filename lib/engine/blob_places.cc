#include "spind/blob_places.h"

#include "base/files.h"
#include "base/try.h"
#include "blob/memory/memory_blob_store.h"
#include "blob/posix/posix_blob_store.h"

namespace spind {

Result<std::shared_ptr<BlobStore>> folder_blobs(const std::string& folder) {
  if (folder.empty())
    return Error{.code = Code::invalid_argument, .text = "no folder is given for the blobs"};
  Files& files = Files::system();
  SPIND_TRY(make_folder_durably(files, folder));
  SPIND_TRY_ASSIGN(std::shared_ptr<FileLock> lock, files.lock(folder + "/LOCK"));
  SPIND_TRY_ASSIGN(auto opened, PosixBlobStore::open(files, folder));
  const auto close = [lock](BlobStore* blobs) { delete blobs; };
  return std::shared_ptr<BlobStore>(opened.release(), close);
}

std::shared_ptr<BlobStore> memory_blobs() { return std::make_shared<MemoryBlobStore>(); }

}  // namespace spind
